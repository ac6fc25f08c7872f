import { useQueryClient } from "@tanstack/react-query";
import { memo, useState } from "react";
import { Link } from "wouter";
import type { Post, TopicRef } from "../api-types";
import { api } from "../lib/api";
import { moodName, platformName, topicColor } from "../lib/format";
import { refreshSources, usePost } from "../lib/queries";
import { matchedTerms, safeUrl } from "../lib/text";
import { briefTime, fullTime } from "../lib/time";
import { AskFirst } from "./ask-first";
import { Dot, Icon } from "./icons";
import { MediaGrid } from "./media";
import { PostText } from "./post-text";
import { say } from "./toasts";
import { Button, ErrorNote, Skeleton } from "./ui";

function TopicChip({ topic }: { topic: TopicRef }) {
  return (
    <Link className="chip" href={`/topics/${topic.id}`}>
      <Dot color={topicColor(topic)} />
      <bdi className="cut">{topic.title}</bdi>
    </Link>
  );
}

/** Why a post is here: by which of its words each topic holds it. */
function Why({ topics }: { topics: TopicRef[] }) {
  if (topics.length === 0) return <p className="muted small">This post is under no topic.</p>;
  return (
    <ul className="stack tight">
      {topics.map((topic) => {
        const terms = matchedTerms(topic.matched);
        return (
          <li key={topic.id} className="row small">
            <TopicChip topic={topic} />
            <span className="muted">
              {terms.length > 0 ? (
                <>
                  because of{" "}
                  {terms.map((term) => (
                    <code key={term}>{term} </code>
                  ))}
                </>
              ) : (
                "filed by hand"
              )}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function Details({ post, nested }: { post: Post; nested: boolean }) {
  const detail = usePost(post.id, true);
  const client = useQueryClient();
  if (detail.error) return <ErrorNote error={detail.error} retry={() => void detail.refetch()} />;
  if (!detail.data) return <Skeleton height={24} count={2} />;
  const { score } = detail.data;
  return (
    <div className="stack">
      <Why topics={detail.data.topics ?? []} />
      <p className="muted small">
        {fullTime(new Date(post.created_at))}
        {detail.data.edited_at && <>, edited {fullTime(new Date(detail.data.edited_at))}</>}
        {score != null && (
          <>
            , {moodName(score)} ({score > 0 ? "+" : ""}
            {score.toFixed(2)})
          </>
        )}
        , post {post.id}
      </p>
      {!nested && (
        <div>
          <AskFirst
            small
            kind="danger"
            title="Remove this post?"
            text="It leaves all topics and searches, and does not come back with the next import."
            action="Remove"
            change={() => api.delete(`/posts/${post.id}`)}
            stale={["today", "topics", "series"]}
            done={() => {
              say("The post is removed, and stays away when it is imported again.");
              refreshSources(client);
              void client.invalidateQueries({ queryKey: ["posts"] });
            }}
          >
            Remove post…
          </AskFirst>
        </div>
      )}
    </div>
  );
}

interface PostCardProps {
  post: Post;
  /** Inside another card: a cited or a similar post. */
  nested?: boolean;
  /** Topics that need not be said: those of the page. */
  hideTopic?: number;
  /** Its number in a summary, and the sentence that is taken from it. */
  n?: number;
  cited?: string;
  /** In a list: which it is, and of how many; -1: nobody knows yet. */
  place?: number;
  places?: number;
}

/** Only drawn again if its post changes: while a long list is scrolled, the list is drawn for every frame. */
export const PostCard = memo(function PostCard(props: PostCardProps) {
  const { post, nested = false, hideTopic, n } = props;
  const [showsWarned, setShowsWarned] = useState(false);
  const [open, setOpen] = useState<"" | "same" | "details">("");
  const url = safeUrl(post.url);
  const author = post.author || post.author_username || "Unknown author";
  const hidden = Boolean(post.content_warning) && !showsWarned;
  const topics = (post.topics ?? []).filter((topic) => topic.id !== hideTopic);
  const others = (post.same ?? []).filter((other) => other.id !== post.id);
  const saidBy = post.said_by ?? 1;
  const toggle = (what: "same" | "details") => setOpen(open === what ? "" : what);

  return (
    <article
      tabIndex={nested ? undefined : -1}
      className={nested ? "post nested" : "post"}
      aria-label={`Post by ${author}`}
      aria-posinset={props.place}
      aria-setsize={props.places}
      data-post={post.id}
    >
      {post.reposted_by && <p className="muted small">Reposted by {post.reposted_by}</p>}
      <header className="post-head">
        {n !== undefined && <span className="muted number">[{n}]</span>}
        <bdi className="post-author">{author}</bdi>
        {post.author_username && post.author && <bdi className="muted">@{post.author_username}</bdi>}
        <span className="platform">{platformName(post.platform)}</span>
        {post.is_reply && (
          <span className="muted small">
            reply
            {post.reply_to && /^[\w.@-]+$/.test(post.reply_to) && !/^\d+$/.test(post.reply_to)
              ? ` to ${post.reply_to}`
              : ""}
          </span>
        )}
        <span className="muted time small">
          <time dateTime={post.created_at} title={fullTime(new Date(post.created_at))}>
            {briefTime(new Date(post.created_at))}
          </time>
          {post.edited_at && " (edited)"}
        </span>
      </header>
      {post.content_warning && (
        <p className="post-warning row between">
          <span>Content warning: {post.content_warning}</span>
          <Button small aria-expanded={showsWarned} onClick={() => setShowsWarned(!showsWarned)}>
            {showsWarned ? "Hide" : "Show anyway"}
          </Button>
        </p>
      )}
      {hidden ? (
        <MediaGrid media={post.media} veiled />
      ) : (
        <>
          <PostText text={post.content} lang={post.lang} matched={post.matched} around={props.cited} />
          {post.quoted_text && (
            <blockquote className="post-quote" dir="auto">
              {post.quoted_text}
            </blockquote>
          )}
          <MediaGrid media={post.media} />
        </>
      )}
      <footer className="post-foot">
        {topics.map((topic) => (
          <TopicChip key={topic.id} topic={topic} />
        ))}
        {saidBy > 1 &&
          (others.length > 0 ? (
            <Button small kind="quiet" aria-expanded={open === "same"} onClick={() => toggle("same")}>
              said by {saidBy}
            </Button>
          ) : (
            <span className="chip">said by {saidBy}</span>
          ))}
        <Button small kind="quiet" aria-expanded={open === "details"} onClick={() => toggle("details")}>
          Why here?
        </Button>
        {url && (
          <a className="button small quiet" href={url} target="_blank" rel="noopener noreferrer" data-original>
            Original
            <Icon name="out" />
          </a>
        )}
      </footer>
      {open === "same" && (
        <div className="post-more stack">
          {others.map((other) => (
            <PostCard key={other.id} post={other} nested />
          ))}
        </div>
      )}
      {open === "details" && (
        <div className="post-more">
          <Details post={post} nested={nested} />
        </div>
      )}
    </article>
  );
});

import { Link } from "wouter";
import { Empty, Loaded, PageHead, Skeleton, TopicHead } from "../components/ui";
import { counted } from "../lib/format";
import { useTopics } from "../lib/queries";
import { briefTime } from "../lib/time";

export default function TopicsView() {
  const topics = useTopics();
  return (
    <div className="page reading">
      <PageHead title="Topics">
        <Link className="button primary" href="/topics/new">
          New topic
        </Link>
      </PageHead>
      <Loaded query={topics} skeleton={<Skeleton height={84} count={4} />}>
        {(data) =>
          data.length === 0 ? (
            <Empty
              title="No topics yet"
              actions={
                <Link className="button primary" href="/topics/new">
                  Make the first
                </Link>
              }
            >
              A topic is a title and a rule in X's search syntax. You see what a rule finds while you type it.
            </Empty>
          ) : (
            <ul className="stack">
              {data.map((topic) => (
                <li key={topic.id} className="card">
                  <TopicHead topic={topic}>
                    {!topic.is_active && <span className="chip">switched off</span>}
                    {topic.filing && <span className="chip accent">filing…</span>}
                  </TopicHead>
                  {topic.description && (
                    <p className="muted clamped" dir="auto">
                      {topic.description}
                    </p>
                  )}
                  <p className="small muted">
                    {counted(topic.posts, "post")}
                    {topic.last_summary_at && <>, last summary {briefTime(new Date(topic.last_summary_at))}</>}
                    {!topic.rule && ", filed by hand"}
                  </p>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </div>
  );
}

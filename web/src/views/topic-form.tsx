import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { Topic } from "../api-types";
import { AskFirst } from "../components/ask-first";
import { RuleField, RulePreviewList, useDebounced, useRuleCheck } from "../components/rule-field";
import { say } from "../components/toasts";
import { Checkbox, Form, TextArea, TextField } from "../components/form";
import { PageHead } from "../components/ui";
import { api } from "../lib/api";
import { topicColor } from "../lib/format";
import { useChange } from "../lib/queries";
import { useSticky } from "../lib/sticky";

/** As the server's (store/topics.h); characters, however many units the browser has for one. */
const titleCharsMax = 200;

const stale = ["topics", "topic", "today", "posts", "series"];

interface Draft {
  title: string;
  description: string;
  rule: string;
  color: string;
  is_active: boolean;
}

/**
 * Title, description, colour and rule, with what the rule finds beside it. Only what was edited here is kept here, and sent:
 * what somebody else changes meanwhile is neither lost nor takes away what is being typed.
 */
export function TopicForm({ topic, onSaved }: { topic?: Topic; onSaved: (topic: Topic) => void }) {
  const [edited, setEdited] = useState<Partial<Draft>>({});
  const edit = (changes: Partial<Draft>) => setEdited((before) => ({ ...before, ...changes }));
  const { title, description, rule, color, is_active }: Draft = {
    title: topic?.title ?? "",
    description: topic?.description ?? "",
    rule: topic?.rule ?? "",
    color: topicColor(topic ?? { id: 1 }),
    is_active: topic?.is_active ?? true,
    ...edited,
  };
  const client = useQueryClient();
  const sticky = useSticky<HTMLDivElement>();
  const settled = useDebounced(rule);
  const check = useRuleCheck(settled);
  const verdict = settled === rule ? check.data : undefined;

  const save = useChange(
    () => {
      const { title, description, rule, ...others } = edited;
      const body = {
        ...others,
        ...(title !== undefined && { title: title.trim() }),
        ...(description !== undefined && { description: description.trim() || null }),
        ...(rule !== undefined && { rule: rule.trim() || null }),
      };
      return topic ? api.patch<Topic>(`/topics/${topic.id}`, body) : api.post<Topic>("/topics", body);
    },
    {
      stale,
      quiet: true,
      done: (saved) => {
        client.setQueryData(["topic", saved.id], saved);
        setEdited({});
        onSaved(saved);
      },
    },
  );
  const length = [...title.trim()].length;
  const tooLong =
    length > titleCharsMax ? `Has ${length} characters, more than the ${titleCharsMax} it may have: shorten it.` : null;

  return (
    <div className="columns even">
      <div className="card sticky" ref={sticky}>
        <Form
          change={save}
          action={topic ? "Save" : "Make topic"}
          disabled={title.trim() === "" || tooLong !== null || verdict?.valid === false}
          aside={topic && <RemoveTopic topic={topic} />}
        >
          <TextField
            label="Title"
            field="title"
            error={tooLong}
            required
            value={title}
            autoFocus={!topic}
            onChange={(title) => edit({ title })}
          />
          <RuleField value={rule} onChange={(rule) => edit({ rule })} check={verdict} />
          <TextArea
            label="Description"
            field="description"
            rows={2}
            value={description}
            onChange={(description) => edit({ description })}
          />
          <div className="row wide">
            <label className="checkbox">
              <input
                className="color-input"
                type="color"
                value={color}
                onChange={(event) => edit({ color: event.target.value })}
              />
              Colour
            </label>
            <Checkbox checked={is_active} onChange={(is_active) => edit({ is_active })}>
              Active: new posts are filed
            </Checkbox>
          </div>
        </Form>
      </div>
      <section aria-label="Posts that the rule finds" className="stack">
        <h2>What the rule finds</h2>
        <RulePreviewList rule={settled} check={check.data} />
      </section>
    </div>
  );
}

export function NewTopicView() {
  const [, navigate] = useLocation();
  return (
    <div className="page">
      <PageHead
        title="New topic"
        sub="A rule says which posts belong to it. Stored posts are filed at once, each import files what comes."
      />
      <TopicForm
        onSaved={(topic) => {
          say(`“${topic.title}” is made. Its posts are being filed.`);
          navigate(`/topics/${topic.id}`);
        }}
      />
    </div>
  );
}

function RemoveTopic({ topic }: { topic: Topic }) {
  const [, navigate] = useLocation();
  return (
    <AskFirst
      kind="danger"
      small
      title={`Remove “${topic.title}”?`}
      text="Its summaries go with it. The posts stay stored, and under their other topics."
      action="Remove"
      change={() => api.delete(`/topics/${topic.id}`)}
      stale={["topics", "today"]}
      done={() => {
        say(`“${topic.title}” is removed.`);
        navigate("/topics");
      }}
    >
      Remove topic…
    </AskFirst>
  );
}

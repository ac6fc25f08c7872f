import { useState } from "react";
import { useLocation } from "wouter";
import type { Topic } from "../api-types";
import { RuleField, RulePreviewList, useDebounced, useRuleCheck } from "../components/rule-field";
import { say } from "../components/toasts";
import { Button, Confirm, ErrorNote, Field, PageHead } from "../components/ui";
import { api, ApiError } from "../lib/api";
import { hasOwnColor, topicColor } from "../lib/format";
import { useChange } from "../lib/queries";

const stale = ["topics", "topic", "today", "posts", "series"];

/** Title, description, colour and rule, with what the rule finds beside it. */
export function TopicForm({ topic, onSaved }: { topic?: Topic; onSaved: (topic: Topic) => void }) {
  const [title, setTitle] = useState(topic?.title ?? "");
  const [description, setDescription] = useState(topic?.description ?? "");
  const [rule, setRule] = useState(topic?.rule ?? "");
  const [color, setColor] = useState(topicColor(topic ?? { id: 1 }));
  const [colorChosen, setColorChosen] = useState(hasOwnColor(topic?.color));
  const [isActive, setIsActive] = useState(topic?.is_active ?? true);
  const settled = useDebounced(rule);
  const check = useRuleCheck(settled);
  const verdict = settled === rule ? check.data : undefined;

  const save = useChange(
    () => {
      const body = {
        title: title.trim(),
        description: description.trim() || null,
        rule: rule.trim() || null,
        color: colorChosen ? color : null,
        is_active: isActive,
      };
      return topic ? api.patch<Topic>(`/topics/${topic.id}`, body) : api.post<Topic>("/topics", body);
    },
    { stale, quiet: true, done: onSaved },
  );
  const fieldError = (field: string) =>
    save.error instanceof ApiError ? save.error.fieldError(field)?.message : undefined;
  const told = fieldError("title") ?? fieldError("rule");

  return (
    <div className="columns even">
      <form
        className="card form sticky"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Field label="Title" error={fieldError("title")}>
          {(control) => (
            <input
              {...control}
              className="input"
              required
              maxLength={200}
              value={title}
              autoFocus={!topic}
              onChange={(event) => setTitle(event.target.value)}
            />
          )}
        </Field>
        <RuleField value={rule} onChange={setRule} check={verdict} />
        <Field label="Description">
          {(control) => (
            <textarea
              {...control}
              className="input"
              rows={2}
              value={description}
              onChange={(event) => setDescription(event.target.value)}
            />
          )}
        </Field>
        <div className="row wide">
          <label className="checkbox">
            <input
              className="color-input"
              type="color"
              value={color}
              onChange={(event) => {
                setColor(event.target.value);
                setColorChosen(true);
              }}
            />
            Colour
          </label>
          <label className="checkbox">
            <input type="checkbox" checked={isActive} onChange={(event) => setIsActive(event.target.checked)} />
            Active: new posts are filed
          </label>
        </div>
        {save.error && !told ? <ErrorNote error={save.error} /> : null}
        <div className="row">
          <Button
            kind="primary"
            type="submit"
            busy={save.isPending}
            disabled={title.trim() === "" || verdict?.valid === false}
          >
            {topic ? "Save" : "Make topic"}
          </Button>
        </div>
      </form>
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

export function RemoveTopic({ topic }: { topic: Topic }) {
  const [asking, setAsking] = useState(false);
  const [, navigate] = useLocation();
  const remove = useChange(() => api.delete(`/topics/${topic.id}`), {
    stale: ["topics", "today"],
    quiet: true,
    done: () => {
      say(`“${topic.title}” is removed.`);
      navigate("/topics");
    },
  });
  return (
    <>
      <Button kind="danger" small onClick={() => setAsking(true)}>
        Remove topic…
      </Button>
      {asking && (
        <Confirm
          title={`Remove “${topic.title}”?`}
          text="Its summaries go with it. The posts stay stored, and under their other topics."
          action="Remove"
          busy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate()}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

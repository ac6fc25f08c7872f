import { type ReactNode, useState } from "react";
import { useChange } from "../lib/queries";
import { Button, type ButtonProps, Dialog, ErrorNote } from "./ui";

interface Asked extends ButtonProps {
  title: string;
  text: ReactNode;
  action: string;
  change: () => Promise<unknown>;
  /** As useChange() takes them. */
  stale: string[];
  done?: () => void;
}

/** A button for what cannot be taken back: it asks before. */
export function AskFirst({ title, text, action, change, stale, done, ...button }: Asked) {
  const [isAsking, setAsking] = useState(false);
  const act = useChange(change, {
    stale,
    quiet: true,
    done: () => {
      setAsking(false);
      done?.();
    },
  });
  const ask = () => {
    act.reset();
    setAsking(true);
  };
  return (
    <>
      <Button {...button} onClick={ask} />
      {isAsking && (
        <Dialog title={title} onClose={() => setAsking(false)}>
          <div className="stack">
            <p>{text}</p>
            {act.error ? <ErrorNote error={act.error} /> : null}
            <div className="row">
              <Button kind="danger" busy={act.isPending} onClick={() => act.mutate()}>
                {action}
              </Button>
              <Button kind="quiet" onClick={() => setAsking(false)}>
                Cancel
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  );
}

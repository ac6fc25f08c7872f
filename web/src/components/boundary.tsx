import { Component, type ReactNode } from "react";
import { Button, PageHead } from "./ui";

const reloadedKey = "offx.reloaded_at";

/** A part of the program that cannot be fetched: the server is gone, or a new release has other parts. */
const isMissingPart = (error: Error) => /dynamically imported module|module script/i.test(error.message);

/** True once a minute: a page that is loaded anew has the parts of the present release, unless something else is wrong. */
function mayReload(): boolean {
  try {
    const last = Number(sessionStorage.getItem(reloadedKey));
    if (Date.now() - last < 60_000) return false;
    sessionStorage.setItem(reloadedKey, String(Date.now()));
    return true;
  } catch {
    return false;
  }
}

interface Props {
  at: string;
  children: ReactNode;
}

interface State {
  error: Error | null;
}

/** Keeps a view that cannot be shown from taking the rest of the page with it. `at`: which view it is. */
export class Boundary extends Component<Props, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override componentDidCatch(error: Error) {
    if (isMissingPart(error) && navigator.onLine && mayReload()) window.location.reload();
  }

  override componentDidUpdate(before: Props) {
    if (before.at !== this.props.at && this.state.error) this.setState({ error: null });
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className="page reading">
        <PageHead
          title={isMissingPart(error) ? "This view could not be loaded" : "This view cannot be shown"}
          sub={
            isMissingPart(error)
              ? "The server cannot be reached, or has another version since."
              : "That is a mistake of OffX. What is stored is safe; the other views go on."
          }
        />
        <Button kind="primary" onClick={() => window.location.reload()}>
          Load the page anew
        </Button>
      </div>
    );
  }
}

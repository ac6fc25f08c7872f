// What the page holds before the program is there: drawn when the dashboard is built (tools/first-content.ts). Which of the
// two is shown, src/early.ts says. No view has this path, so no link is that of the page.
import { renderToStaticMarkup } from "react-dom/server";
import { Router } from "wouter";
import { Entrance, Frame } from "./components/frame";

export const firstContent = (): string =>
  renderToStaticMarkup(
    <Router ssrPath="/-">
      <div className="first-in">
        <Frame />
      </div>
      <div className="first-out">
        <Entrance />
      </div>
    </Router>,
  );

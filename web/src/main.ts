import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/controls.css";
import "./styles/content.css";
import "./styles/modes.css";

// The page holds its frame already (first-content.tsx): that is painted first, as to begin with the program takes longer.
// Nothing is painted where nobody looks.
const begin = () => void import("./program");
if (document.visibilityState === "visible") requestAnimationFrame(() => setTimeout(begin));
else begin();

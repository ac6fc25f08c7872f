// Runs before anything is painted, while the program is on its way (tools/first-content.ts), and is small for that: the
// appearance that was chosen, so that the page does not flash; which frame the page shows meanwhile; and the first
// questions to the server, whose answers are then there when the program asks.
import { askEarly, wasIn } from "./lib/api";
import { kept } from "./lib/kept";

const page = document.documentElement;
for (const name of ["theme", "density"]) {
  const chosen = kept(name);
  if (chosen) page.dataset[name] = chosen;
}
askEarly("/session");
if (wasIn()) {
  page.dataset["in"] = "";
  askEarly("/topics");
  // The zone of the last time: to ask the browser for that of the device takes longer than the answer.
  const zone = kept("today_zone");
  if (zone && location.pathname === "/") askEarly("/today", { time_zone: zone });
}

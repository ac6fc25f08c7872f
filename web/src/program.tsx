import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

function registerServiceWorker() {
  navigator.serviceWorker.register("/sw.js").catch(() => {
    // Without it the page works, only not offline; on plain http in a LAN browsers refuse it.
  });
}
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  if (document.readyState === "complete") registerServiceWorker();
  else window.addEventListener("load", registerServiceWorker);
}

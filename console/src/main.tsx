import "@patternfly/react-core/dist/styles/base.css";
import "./app/app.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { shareSession } from "./api/session";
import { App } from "./app/app";
import { startMessages } from "./messages/language";
import { startTheme } from "./app/theme";

startTheme();
await Promise.all([startMessages(), shareSession()]);
const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

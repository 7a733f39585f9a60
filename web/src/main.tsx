import "@fontsource-variable/hanken-grotesk/index.css";
import "@fontsource-variable/jetbrains-mono/index.css";
import "./app/tokens.css";
import { startTransition, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { CrashPage } from "./app/crash-page";
import { chosenLanguage } from "./shared/i18n/language";
import { followTheme } from "./shared/theme/theme";

document.documentElement.lang = chosenLanguage();
followTheme();

/** Each is a program of its own: whoever signs in loads nothing of what is behind the sign-in. */
const program = /^\/(login|register)\/?$/.test(location.pathname)
  ? import("./app/door")
  : import("./app/app");

const root = document.getElementById("root");
if (root !== null)
  void program
    .then(({ ready }) => ready())
    .then((Program) =>
      // In pieces, between which a tap or a key is heard.
      startTransition(() =>
        createRoot(root).render(
          <StrictMode>
            <Program />
          </StrictMode>,
        ),
      ),
    )
    .catch((error: unknown) => createRoot(root).render(<CrashPage error={error} />));

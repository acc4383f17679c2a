/**
 * A page with all widgets, in a shadow root with constructable style sheets as in the chat.
 * `?scheme=dark` selects the dark scheme, `?only=Form` a single sample.
 */

import { render } from "preact";
import tokens from "../../src/theme/tokens.css?inline";
import { type ActionConfig, WidgetView, widgetStyles } from "../../src/widgets";
import { samples } from "./samples";

const query = new URLSearchParams(location.search);
const scheme = query.get("scheme") ?? "light";
const only = query.get("only");

const page = `
.frame { background: var(--ck-bg); color: var(--ck-text); font-family: var(--ck-font); min-height: 100vh; }
.frame[data-scheme="dark"] { --ck-bg: #1b1b1f; --ck-text: #f2f2f2; --ck-primary: #f2f2f2; --ck-link: #7ab7ff; }
.gallery { display: grid; grid-template-columns: minmax(0, 1fr); gap: 28px; padding: 20px 16px 60px; max-width: 640px; margin: 0 auto; }
.gallery h1 { font-size: 20px; margin: 0; }
.gallery h2 { font-size: 13px; font-weight: 500; margin: 0 0 8px; color: var(--ck-text-secondary); }
`;

function Gallery() {
  const onAction = async (action: ActionConfig) => {
    console.info("action", JSON.stringify(action));
    await new Promise((done) => setTimeout(done, 1200));
  };
  return (
    <div class="frame" data-scheme={scheme}>
      <div class="gallery">
        <h1>Widgets</h1>
        {Object.entries(samples)
          .filter(([name]) => !only || name === only)
          .map(([name, widget]) => (
            <section key={name} aria-label={name}>
              <h2>{name}</h2>
              <WidgetView widget={widget} item={{ id: name }} onAction={onAction} />
            </section>
          ))}
      </div>
    </div>
  );
}

const host = document.getElementById("gallery");
if (host) {
  document.body.style.setProperty("margin", "0");
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [tokens, widgetStyles, page].map((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
  render(<Gallery />, root);
}

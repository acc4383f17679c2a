/**
 * A page with all widgets, with the style sheets and the theming of the element.
 *
 * `?theme={"colorScheme":"dark"}` or `?theme=dark` sets the option `theme`, `?only=Form` shows a
 * single sample. `gallery.show(name, widget)` replaces the samples by another widget;
 * `gallery.logs` and `gallery.actions` list what the widgets have reported.
 */

import type { ChatKitOptions } from "@openai/chatkit";
import { render } from "preact";
import { normalizeTheme } from "../../src/theme/palette";
import { sharedSheets } from "../../src/theme/sheets";
import { createTheming } from "../../src/theme/theming";
import { Markdown } from "../../src/ui/markdown/Markdown";
import { type ActionConfig, type ImageRule, type WidgetLog, WidgetView } from "../../src/widgets";
import type { WidgetNode } from "../../src/widgets/types";
import { samples } from "./samples";

type Gallery = {
  logs: WidgetLog[];
  actions: ActionConfig[];
  images: ImageRule;
  show: (name: string, widget: WidgetNode) => void;
};

declare global {
  interface Window {
    gallery: Gallery;
  }
}

// Only the page around the widgets.
const page = `
.frame { min-height: 100vh; }
.gallery { display: grid; width: 100%; grid-template-columns: minmax(0, 1fr); gap: 28px; padding: 20px 16px 60px; max-width: 640px; margin: 0 auto; }
.gallery h1 { font-size: 20px; margin: 0; }
.gallery h2 { font-size: 13px; font-weight: 500; margin: 0 0 8px; color: var(--ck-text-secondary); }
`;

function themeOption(given: string | null): ChatKitOptions["theme"] {
  if (!given) return "light";
  return given.startsWith("{") ? JSON.parse(given) : (given as "light" | "dark");
}

function WidgetMarkdown({ value, streaming }: { value: string; streaming: boolean }) {
  return <Markdown text={value} streaming={streaming} />;
}

async function act(action: ActionConfig): Promise<void> {
  window.gallery.actions.push(action);
  await new Promise((done) => setTimeout(done, 1200));
}

function Samples({ of: shown }: { of: Readonly<Record<string, WidgetNode>> }) {
  return (
    <div class="gallery">
      <h1>Widgets</h1>
      {Object.entries(shown).map(([name, widget]) => (
        <section key={name} aria-label={name}>
          <h2>{name}</h2>
          <WidgetView
            widget={widget}
            item={{ id: name }}
            onAction={act}
            onLog={(log) => window.gallery.logs.push(log)}
            images={window.gallery.images}
            markdown={WidgetMarkdown}
          />
        </section>
      ))}
    </div>
  );
}

function start(host: HTMLElement): void {
  const query = new URLSearchParams(location.search);
  const only = query.get("only");
  const root = host.attachShadow({ mode: "open" });
  host.setAttribute("auto-height", "");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(page);
  root.adoptedStyleSheets = [...sharedSheets(), sheet];
  const frame = document.createElement("div");
  frame.className = "frame";
  root.append(frame);
  createTheming(host, root, frame).apply(normalizeTheme(themeOption(query.get("theme"))));
  const draw = (shown: Readonly<Record<string, WidgetNode>>) =>
    render(<Samples of={shown} />, frame);
  window.gallery = {
    logs: [],
    actions: [],
    images: {},
    show: (name, widget) => draw({ [name]: widget }),
  };
  draw(Object.fromEntries(Object.entries(samples).filter(([name]) => !only || name === only)));
}

const host = document.getElementById("gallery");
if (host) start(host);

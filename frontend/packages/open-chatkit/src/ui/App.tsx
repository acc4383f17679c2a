import { Boundary } from "./common/Boundary";
import { LiveRegion } from "./common/LiveRegion";
import { Toasts } from "./common/Toasts";
import { ClosedThread } from "./composer/ClosedThread";
import { Composer } from "./composer/Composer";
import { useUi } from "./context";
import { Header } from "./header/Header";
import { HistoryPanel } from "./history/HistoryPanel";
import { Markdown } from "./markdown/Markdown";
import { ThreadMarkdown } from "./markdown/ThreadMarkdown";
import { ConnectionLine, ErrorBox } from "./thread/Problems";
import { Thread } from "./thread/Thread";

/** Toasts and the thread's error, above the history. */
function HistoryProblems() {
  return (
    <div class="over-history">
      <Toasts />
      <div class="column">
        <ErrorBox />
      </div>
    </div>
  );
}

function Footer() {
  const ui = useUi();
  const status = ui.chat.thread.value?.status;
  const { disclaimer } = ui.options.value;
  return (
    <div class="footer">
      {ui.view.value === "chat" && <Toasts />}
      <div class="column">
        <ConnectionLine />
        {status && status.type !== "active" ? <ClosedThread status={status} /> : <Composer />}
        {disclaimer && (
          <div
            class={`disclaimer ${disclaimer.highContrast ? "strong" : ""}`}
            part="disclaimer"
            dir="auto"
          >
            <Markdown text={disclaimer.text} />
          </div>
        )}
      </div>
    </div>
  );
}

/** The content of the frame. */
export function App() {
  const ui = useUi();
  const showsHistory = ui.view.value === "history";
  const options = ui.options.value;
  return (
    <ThreadMarkdown>
      <div class="panel" inert={showsHistory}>
        <Boundary of={options} part="header">
          <Header />
        </Boundary>
        <Boundary of={options} part="thread">
          <Thread />
        </Boundary>
        <Boundary of={options} part="composer">
          <Footer />
        </Boundary>
      </div>
      {showsHistory && (
        <Boundary of={options} part="history">
          <HistoryPanel />
          <HistoryProblems />
        </Boundary>
      )}
      <LiveRegion />
    </ThreadMarkdown>
  );
}

import type { ChatError, Notice } from "../../core/types";
import { Icon } from "../../icons/Icon";
import type { Locale, MessageKey } from "../../locale";
import { IconButton } from "../common/IconButton";
import { attempt, useT, useUi } from "../context";
import { focusThread } from "../focus";
import { Markdown } from "../markdown/Markdown";

const MESSAGES: Readonly<Record<ChatError["kind"], MessageKey>> = {
  stream: "errorStream",
  refused: "errorRefused",
  unreachable: "errorUnreachable",
  unauthorized: "errorUnauthorized",
  expired: "errorExpired",
};

/** Returns the server's message, or else a translated message for the kind of error. */
export function errorText(error: ChatError, t: Locale["t"]): string {
  if (error.code === "thread-busy") return t("busy");
  if (error.status === 429 && error.retryAfter !== undefined) {
    const wait = waitText(error.retryAfter, t);
    return `${error.message ?? t("errorTooManyRequests")} ${t("tryAgainIn", { wait })}`;
  }
  if (error.message !== null) return error.message;
  if (error.code === "offline") return t("offline");
  if (error.kind === "refused" && error.status !== undefined) {
    if (error.status === 403) return t("errorForbidden");
    if (error.status === 413) return t("errorTooLarge");
    if (error.status === 429) return t("errorRateLimited");
    if (error.status === 503) return t("errorUnavailable");
    if (error.status >= 500) return t("errorServer");
  }
  return t(MESSAGES[error.kind] ?? "errorGeneric");
}

function waitText(seconds: number, t: Locale["t"]): string {
  return seconds < 90
    ? t("seconds", { count: seconds })
    : t("minutes", { count: Math.ceil(seconds / 60) });
}

/** The thread's error with its actions. */
export function ErrorBox() {
  const ui = useUi();
  const { chat } = ui;
  const t = useT();
  const error = chat.error.value;
  if (!error) return null;
  const busy = error.code === "thread-busy";
  return (
    <div
      class={`notice ${busy ? "warning" : "danger"}`}
      role="alert"
      part="notice error"
      dir="auto"
    >
      <Icon name="alert" size={18} />
      <div class="notice-body">{errorText(error, t)}</div>
      {error.allowRetry && (
        <button
          type="button"
          class="button small"
          disabled={chat.isResponding.value}
          onClick={() => {
            focusThread(ui);
            void attempt(ui, () => chat.retry());
          }}
        >
          <Icon name="reload" size={14} />
          {t("retry")}
        </button>
      )}
      <IconButton
        icon="close"
        label={t("dismiss")}
        size={16}
        look="quiet"
        onClick={() => {
          focusThread(ui);
          chat.dismissError();
        }}
      />
    </div>
  );
}

const ICONS: Readonly<Record<Notice["level"], string>> = {
  info: "info",
  warning: "warning",
  danger: "alert",
};

/** The server's notices. */
export function Notices() {
  const ui = useUi();
  const { chat } = ui;
  const t = useT();
  return (
    <>
      {chat.notices.value.map((notice) => (
        <div
          key={notice.id}
          class={`notice ${notice.level}`}
          role={notice.level === "info" ? "status" : "alert"}
          part="notice"
          dir="auto"
        >
          <Icon name={ICONS[notice.level] ?? "info"} size={18} />
          <div class="notice-body">
            {notice.title && <strong>{notice.title}</strong>}
            <Markdown text={notice.message} />
          </div>
          <IconButton
            icon="close"
            label={t("dismiss")}
            size={16}
            look="quiet"
            onClick={() => {
              focusThread(ui);
              chat.dismissNotice(notice.id);
            }}
          />
        </div>
      ))}
    </>
  );
}

/** The connection state; renders nothing while online. */
export function ConnectionLine() {
  const { chat } = useUi();
  const t = useT();
  const connection = chat.connection.value;
  return (
    <div class="connection" role="status">
      {connection !== "online" && (
        <span class="connection-text">
          <span class="spinner" />
          {t(connection === "offline" ? "offline" : "reconnecting")}
        </span>
      )}
    </div>
  );
}

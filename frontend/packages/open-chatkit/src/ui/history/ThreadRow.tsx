import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { toChatError } from "../../core/errors";
import type { ThreadMetadata } from "../../core/types";
import { Icon } from "../../icons/Icon";
import { IconButton } from "../common/IconButton";
import { isComposing } from "../common/keys";
import { Menu } from "../common/Menu";
import type { MenuEntry } from "../common/menuEntries";
import { toast, useT, useUi } from "../context";
import { errorText } from "../thread/Problems";
import { ThreadMatch, type ThreadMatchProps } from "./ThreadMatch";

type RowProps = {
  thread: ThreadMetadata;
  onOpen: () => void;
  /** Set for a thread that was found by a search. */
  match?: Omit<ThreadMatchProps, "thread"> | undefined;
};
type Mode = "plain" | "menu" | "rename" | "delete";

function Rename({ thread, onDone }: { thread: ThreadMetadata; onDone: () => void }) {
  const ui = useUi();
  const t = useT();
  const input = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  useLayoutEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);
  const finish = async (save: boolean): Promise<void> => {
    // Enter also causes a blur; handle only the first of the two.
    if (done.current) return;
    done.current = true;
    const title = input.current?.value.trim() ?? "";
    onDone();
    if (!save || title === "" || title === thread.title) return;
    try {
      await ui.chat.rename(thread.id, title);
    } catch (error) {
      toast(ui, errorText(toChatError(error), t), "danger");
    }
  };
  return (
    <form
      class="rename"
      onSubmit={(event) => {
        event.preventDefault();
        void finish(true);
      }}
    >
      <input
        ref={input}
        class="field"
        dir="auto"
        maxLength={200}
        defaultValue={thread.title ?? ""}
        aria-label={t("renameLabel")}
        onBlur={() => void finish(true)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || isComposing(event)) return;
          event.preventDefault();
          event.stopPropagation();
          void finish(false);
        }}
      />
    </form>
  );
}

function ConfirmDelete({ thread, onDone }: { thread: ThreadMetadata; onDone: () => void }) {
  const ui = useUi();
  const t = useT();
  const cancel = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => cancel.current?.focus(), []);
  const remove = async (): Promise<void> => {
    onDone();
    try {
      await ui.chat.remove(thread.id);
    } catch (error) {
      toast(ui, errorText(toChatError(error), t), "danger");
    }
  };
  return (
    <div class="confirm" role="alertdialog" aria-label={t("deleteConfirm")}>
      <span>{t("deleteConfirm")}</span>
      <div class="form-actions">
        <button ref={cancel} type="button" class="button small" onClick={onDone}>
          {t("cancel")}
        </button>
        <button type="button" class="button small danger" onClick={() => void remove()}>
          {t("delete")}
        </button>
      </div>
    </div>
  );
}

/** One thread of the history with its menu. */
export function ThreadRow({ thread, onOpen, match }: RowProps) {
  const ui = useUi();
  const t = useT();
  const [mode, setMode] = useState<Mode>("plain");
  const more = useRef<HTMLButtonElement>(null);
  const { showRename = true, showDelete = true } = ui.options.value.history ?? {};
  const title = thread.title || t("untitled");
  const back = (): void => {
    setMode("plain");
    requestAnimationFrame(() => more.current?.focus());
  };
  if (mode === "rename") return <Rename thread={thread} onDone={back} />;
  if (mode === "delete") return <ConfirmDelete thread={thread} onDone={back} />;

  const entries: MenuEntry[] = [
    ...(showRename ? [{ id: "rename", label: t("rename"), icon: "write-alt" }] : []),
    ...(showDelete ? [{ id: "delete", label: t("delete"), icon: "trash", danger: true }] : []),
  ];
  const isOpen = ui.chat.threadId.value === thread.id;
  return (
    <div class={`thread-row ${isOpen ? "current" : ""}`}>
      <button type="button" class="thread-link" aria-current={isOpen || undefined} onClick={onOpen}>
        {thread.status.type !== "active" && <Icon name="lock" size={14} />}
        {match ? (
          <ThreadMatch thread={thread} {...match} />
        ) : (
          <span class="thread-title" dir="auto">
            {title}
          </span>
        )}
      </button>
      {entries.length > 0 && (
        <span class="menu-anchor">
          <IconButton
            buttonRef={more}
            icon="dots-horizontal"
            label={t("moreFor", { title })}
            size={18}
            look="quiet"
            hasPopup="menu"
            expanded={mode === "menu"}
            onClick={() => setMode(mode === "menu" ? "plain" : "menu")}
          />
          {mode === "menu" && (
            <Menu
              label={t("moreFor", { title })}
              entries={entries}
              anchor={more}
              align="end"
              onClose={() => setMode("plain")}
              onSelect={(id) => setMode(id as Mode)}
            />
          )}
        </span>
      )}
    </div>
  );
}

import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "../../icons/Icon";
import { IconButton } from "../common/IconButton";
import { isComposing } from "../common/keys";
import { useT, useUi } from "../context";
import { DraftFiles } from "./DraftFiles";
import { tagsOf, toContent, toText } from "./draftText";
import { enterSends } from "./enterSends";
import { Field } from "./Field";
import { ModelPicker } from "./ModelPicker";
import { SendControls } from "./SendControls";
import { optionId, SuggestionList } from "./SuggestionList";
import { ToolBar } from "./ToolBar";
import { canDictate, useDictation } from "./useDictation";
import { useDrop } from "./useDrop";
import { useFiles } from "./useFiles";
import { useSend } from "./useSend";
import { type Suggestion, useSuggestions } from "./useSuggestions";

function Reply() {
  const { composer } = useUi().chat;
  const t = useT();
  const { reply } = composer.draft.value;
  if (!reply) return null;
  return (
    <div class="note">
      <Icon name="quote" size={16} />
      <span class="visually-hidden">{t("replyingTo")}</span>
      <span class="note-text" dir="auto">
        {reply}
      </span>
      <IconButton
        icon="close"
        label={t("removeReply")}
        size={14}
        look="quiet"
        onClick={() => composer.set({ reply: null })}
      />
    </div>
  );
}

function Waiting() {
  const { chat, focusComposer } = useUi();
  const t = useT();
  if (!chat.composer.isWaiting.value) return null;
  return (
    <div class="note" role="status">
      <Icon name="clock" size={16} />
      <span class="note-text">{t("waitingToSend")}</span>
      <IconButton
        icon="close"
        label={t("dontSend")}
        size={14}
        look="quiet"
        onClick={() => {
          chat.composer.setWaiting(false);
          focusComposer.peek()?.();
        }}
      />
    </div>
  );
}

function useBuiltInCommands(pickFiles: () => void, canAttach: boolean): readonly Suggestion[] {
  const ui = useUi();
  const t = useT();
  const tools = ui.options.value.composer?.tools ?? [];
  const chat = t("chat");
  return [
    ...(canAttach ? [{ id: "attach", label: t("attach"), icon: "attach", run: pickFiles }] : []),
    ...tools.map((tool) => ({
      id: `tool ${tool.id}`,
      label: tool.label,
      icon: tool.icon,
      run: () => ui.chat.composer.set({ toolId: tool.id }),
    })),
    {
      id: "new",
      label: t("newChat"),
      icon: "compose",
      description: chat,
      run: () => ui.chat.newThread(),
    },
  ];
}

/** The form in which the user writes a message. */
export function Composer() {
  const ui = useUi();
  const t = useT();
  const { chat } = ui;
  const { composer } = chat;
  const options = ui.options.value;
  const field = useRef<HTMLTextAreaElement>(null);
  const box = useRef<HTMLFormElement>(null);
  const listId = useId();
  const files = useFiles();
  const suggestions = useSuggestions(field, useBuiltInCommands(files.pick, files.enabled));
  const dragging = useDrop(ui.frame, files.enabled, (dropped) => void files.add(dropped));

  const setText = (text: string): void => {
    composer.set({ content: toContent(text, tagsOf(composer.draft.peek().content)) });
  };
  const addText = (text: string): void => {
    const before = toText(composer.draft.peek().content);
    setText(before === "" || /\s$/u.test(before) ? before + text : `${before} ${text}`);
    field.current?.focus();
  };
  const dictation = useDictation(addText);

  useEffect(() => {
    ui.focusComposer.value = () => field.current?.focus();
    return () => {
      ui.focusComposer.value = null;
    };
  }, [ui]);

  const send = useSend(suggestions.close);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (isComposing(event) || suggestions.onKeyDown(event)) return;
    const plainEnter = event.key === "Enter" && !event.shiftKey;
    if (plainEnter && (enterSends() || event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      send();
    }
  };

  const { toolId } = composer.draft.value;
  const tool = options.composer?.tools?.find((other) => other.id === toolId);
  const placeholder =
    tool?.placeholderOverride ?? options.composer?.placeholder ?? t("placeholder");
  const { onTagSearch, showComposerMenu } = options.entities ?? {};
  const dictates = Boolean(options.composer?.dictation?.enabled) && canDictate();
  const hasTools = (options.composer?.tools?.length ?? 0) > 0;
  const hasModels = (options.composer?.models?.length ?? 0) > 0;
  const simple = !hasTools && !hasModels;
  return (
    <form
      ref={box}
      class={`composer ${simple ? "simple" : ""} ${dragging ? "dragging" : ""}`}
      part="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="notes">
        <Reply />
        <Waiting />
      </div>
      <DraftFiles />
      <Field
        fieldRef={field}
        label={placeholder}
        placeholder={placeholder}
        onInput={(text) => {
          setText(text);
          suggestions.update();
        }}
        onKeyDown={onKeyDown}
        onSelect={() => suggestions.entries && suggestions.update()}
        onBlur={suggestions.close}
        onPasteFiles={(pasted) => void files.add(pasted)}
        listId={suggestions.entries ? listId : undefined}
        optionId={suggestions.entries ? optionId(listId, suggestions.active) : undefined}
      />
      <ToolBar
        canAttach={files.enabled}
        onAttach={files.pick}
        onMention={
          onTagSearch && showComposerMenu
            ? () => {
                addText("@");
                requestAnimationFrame(suggestions.update);
              }
            : undefined
        }
      />
      <div class="send-bar">
        <ModelPicker />
        <SendControls dictation={dictates ? dictation : null} />
      </div>
      <SuggestionList id={listId} label={t("mention")} suggestions={suggestions} />
      {files.enabled && (
        <input
          ref={files.input}
          type="file"
          class="visually-hidden"
          tabIndex={-1}
          aria-hidden="true"
          multiple
          accept={files.accept}
          onChange={(event) => {
            const chosen = [...(event.currentTarget.files ?? [])];
            // Reset, so that selecting the same file again triggers a change.
            event.currentTarget.value = "";
            void files.add(chosen);
          }}
        />
      )}
      {dragging && <div class="drop-here">{t("dropFiles")}</div>}
    </form>
  );
}

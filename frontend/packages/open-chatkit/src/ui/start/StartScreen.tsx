import type { StartScreenPrompt } from "@openai/chatkit";
import { Icon } from "../../icons/Icon";
import { attempt, useT, useUi } from "../context";
import { focusThread } from "../focus";

/** The new thread view: a greeting and suggested prompts. */
export function StartScreen() {
  const ui = useUi();
  const t = useT();
  const { greeting, prompts = [] } = ui.options.value.startScreen ?? {};
  const send = (prompt: StartScreenPrompt["prompt"]): void => {
    const content = typeof prompt === "string" ? { text: prompt } : { content: prompt };
    const model = ui.chat.composer.selectedModel();
    const message = model === null ? content : { ...content, model };
    // The button disappears with this screen.
    focusThread(ui);
    void attempt(ui, () => ui.chat.send(message));
  };
  return (
    <div class="start-screen" part="start-screen">
      <h2 class="greeting" part="greeting" dir="auto">
        {greeting ?? t("greeting")}
      </h2>
      {prompts.length > 0 && (
        <ul class="prompts">
          {prompts.map((prompt) => (
            <li key={prompt.label}>
              <button
                type="button"
                class="prompt"
                part="prompt"
                onClick={() => send(prompt.prompt)}
              >
                {prompt.icon && <Icon name={prompt.icon} size={18} />}
                <span dir="auto">{prompt.label}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

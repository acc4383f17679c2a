import type { OpenAIChatKit } from "@openai/chatkit";
import { OpenChatKitElement, preload } from "./OpenChatKitElement";

declare global {
  interface HTMLElementTagNameMap {
    "openai-chatkit": OpenAIChatKit;
  }
}

/** The name that pages and `@openai/chatkit-react` use. */
export const TAG = "openai-chatkit";

/** Defines the element once; does nothing where there is no DOM, or somebody else was first. */
export function define(): void {
  if (typeof customElements === "undefined" || customElements.get(TAG)) return;
  customElements.define(TAG, OpenChatKitElement);
  preload();
}

import type { OpenAIChatKit } from "@openai/chatkit";
import { OpenChatKitElement, preload } from "./OpenChatKitElement";

declare global {
  interface HTMLElementTagNameMap {
    "openai-chatkit": OpenAIChatKit;
  }
}

/** The element's name, which `@openai/chatkit-react` uses too. */
export const TAG = "openai-chatkit";

/** Defines the element; does nothing without a DOM, or if the name is already defined. */
export function define(): void {
  if (typeof customElements === "undefined" || customElements.get(TAG)) return;
  customElements.define(TAG, OpenChatKitElement);
  preload();
}

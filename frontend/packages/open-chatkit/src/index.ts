/** The element as a package: importing it defines `<openai-chatkit>`. */

import { define } from "./element/define";

export { define, TAG } from "./element/define";
export { OpenChatKitElement } from "./element/OpenChatKitElement";
export type { CustomProps, DomWidget } from "./widgets";

define();

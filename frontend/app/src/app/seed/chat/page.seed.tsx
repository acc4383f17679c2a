// The unchanged reference page, with its own layout.
export { default } from "../../../../tests/seed/ChatPage";

// The reference page as it is, under its own layout.
export { default } from "../../../../tests/seed/ChatPage";

export { default } from "../../../../tests/seed/ChatLayout";

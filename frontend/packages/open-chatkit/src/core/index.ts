export { createChat } from "./chat";
export { RequestError } from "./errors";
export { BusyError } from "./turns";
export type * from "./types";

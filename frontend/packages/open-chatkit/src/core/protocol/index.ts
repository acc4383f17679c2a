export type * from "./events";
export type * from "./items";
export type * from "./requests";

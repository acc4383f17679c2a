export { type Mounted, type MountParams, mount } from "./mount";
export { registerWidget } from "./registry";

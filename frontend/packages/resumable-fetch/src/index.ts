export { detached } from "./abortReason";
export { problemCode, ResumeError } from "./errors";
export type { EndStatus, ResumableFetchOptions, RunRef } from "./options";
export { createResumableFetch, isResumable } from "./resumableFetch";
export {
  createSecretCache,
  type GetClientSecret,
  RefusedSecretError,
  type SecretCache,
} from "./secretCache";

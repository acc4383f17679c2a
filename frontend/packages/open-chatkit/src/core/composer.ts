/** The drafts: text, tags, files, and the selected tool and model. */

import { computed, signal } from "@preact/signals-core";
import type { Context } from "./context";
import { toChatError } from "./errors";
import { sortFiles } from "./fileLimits";
import type {
  Attachment,
  Composer,
  Draft,
  DraftFile,
  FileRefusal,
  UserMessageContent,
} from "./types";
import { uploadFile } from "./uploads";
import { isVisible } from "./visibleText";

/** The composer with the methods that only the core uses. */
export type ComposerCore = Composer & {
  /** Removes and returns the draft to be sent; keeps the selected tool if it is persistent. */
  takeDraft(): Draft;
  /** Restores a thread's unsent draft, before any text that was entered since. */
  restoreDraft(draft: Draft, threadId: string | null): void;
  /** Frees the memory of a sent draft's files. */
  releaseDraft(draft: Draft): void;
  /**
   * Shows another thread's draft; the current one is kept for its thread.
   *
   * @param left the thread shown so far: a new thread may have got its ID since the draft started.
   */
  switchThread(left: string | null, entered: string | null): void;
  /** Drops a thread's draft. */
  dropDraft(threadId: string): void;
  /** Drops all drafts, when the user or the server changes. */
  reset(): void;
};

const NEW_LINE = { type: "input_text" as const, text: "\n" };
/** Images that browsers display, unlike HEIC and TIFF. */
const DISPLAYABLE = /^image\/(?:apng|avif|bmp|gif|jpeg|png|svg\+xml|webp)$/u;
const EMPTY: Draft = { content: [], reply: null, files: [], toolId: null, modelId: null };

export function createComposer(context: Context): ComposerCore {
  const draft = signal<Draft>(EMPTY);
  /** Drafts of threads that aren't shown; the key null is the new thread view. */
  const parkedDrafts = new Map<string | null, Draft>();
  const filesByKey = new Map<string, File>();
  let fileCount = 0;

  const isQueued = signal(false);
  /** True if the draft can be sent now or once the response and the uploads finish. */
  const isSendable = computed(() => {
    const isOpen = (context.store.thread.value?.status.type ?? "active") === "active";
    const hasFailed = draft.value.files.some((file) => file.status === "failed");
    return isOpen && !hasFailed && !isEmpty(draft.value);
  });
  const canSend = computed(() => {
    const { store } = context;
    const isBusy = store.isResponding.value || store.isLoading.value;
    return (
      isSendable.value && !isBusy && draft.value.files.every((file) => file.status === "ready")
    );
  });

  function set(patch: Partial<Draft>): void {
    const before = draft.peek();
    draft.value = { ...before, ...patch };
    if (patch.content !== undefined) isQueued.value = false;
    const { toolId } = draft.peek();
    if (toolId !== before.toolId) {
      context.emitter.emit({ type: "chatkit.tool.change", detail: { toolId } });
    }
  }

  /** Updates a file in whichever draft has it: its thread may not be shown any more. */
  function setFile(key: string, change: Partial<DraftFile>): void {
    const changed = (held: Draft): Draft => ({
      ...held,
      files: held.files.map((file) =>
        file.key === key ? ({ ...file, ...change } as DraftFile) : file,
      ),
    });
    if (hasFile(draft.peek(), key)) draft.value = changed(draft.peek());
    for (const [id, held] of parkedDrafts)
      if (hasFile(held, key)) parkedDrafts.set(id, changed(held));
  }

  function isInADraft(key: string): boolean {
    return [draft.peek(), ...parkedDrafts.values()].some((held) => hasFile(held, key));
  }

  async function upload(key: string, file: File): Promise<void> {
    setFile(key, { status: "uploading", attachment: null, error: null, progress: null });
    try {
      const attachment = await uploadFile(context.transport, file, (progress) =>
        setFile(key, { progress }),
      );
      setFile(key, { status: "ready", attachment, error: null, progress: null });
      // Removed during the upload, so no message will refer to it.
      if (!isInADraft(key)) await deleteAttachment(attachment);
    } catch (error) {
      context.emitter.error(error);
      setFile(key, {
        status: "failed",
        attachment: null,
        error: toChatError(error).message,
        progress: null,
      });
    }
  }

  async function deleteAttachment(attachment: Attachment): Promise<void> {
    try {
      await context.transport.request("attachments.delete", { attachment_id: attachment.id });
    } catch (error) {
      context.emitter.error(error); // the file is already removed from the composer
    }
  }

  function newFileKey(): string {
    fileCount += 1;
    return `file-${fileCount}`;
  }

  function release(file: DraftFile): void {
    if (file.previewUrl?.startsWith("blob:")) URL.revokeObjectURL(file.previewUrl);
    filesByKey.delete(file.key);
  }

  function clear(): void {
    for (const file of draft.peek().files) release(file);
    set({ ...EMPTY, modelId: draft.peek().modelId });
  }

  /** Returns the draft's tool if it stays selected for the next message. */
  function persistentTool({ toolId }: Draft): string | null {
    const tool = context.options.composer?.tools?.find((option) => option.id === toolId);
    return tool?.persistent === true ? toolId : null;
  }

  return {
    draft,
    canSend,
    isWaiting: computed(() => isQueued.value && isSendable.value),
    setWaiting(isWaiting) {
      isQueued.value = isWaiting && isSendable.peek();
    },
    set,
    selectedModel() {
      const preselected = context.options.composer?.models?.find((model) => model.default);
      return draft.peek().modelId ?? preselected?.id ?? null;
    },
    addAttachments(attachments) {
      const files = attachments.map((attachment) => asDraftFile(newFileKey(), attachment));
      set({ files: [...draft.peek().files, ...files] });
    },
    async addFiles(files): Promise<readonly FileRefusal[]> {
      const limits = context.options.composer?.attachments;
      const { accepted, rejected } = sortFiles(files, limits, draft.peek().files.length);
      for (const file of accepted) {
        const key = newFileKey();
        filesByKey.set(key, file);
        const previewUrl = DISPLAYABLE.test(file.type) ? URL.createObjectURL(file) : null;
        const { name, size, type: mimeType } = file;
        const added: DraftFile = {
          ...{ key, name, size, mimeType, previewUrl, progress: null },
          ...{ status: "uploading", attachment: null, error: null },
        };
        set({ files: [...draft.peek().files, added] });
        void upload(key, file);
      }
      return rejected;
    },
    async removeFile(key) {
      const file = draft.peek().files.find((other) => other.key === key);
      if (file === undefined) return;
      set({ files: draft.peek().files.filter((other) => other.key !== key) });
      const wasUploadedHere = filesByKey.has(key);
      release(file);
      if (wasUploadedHere && file.attachment !== null) await deleteAttachment(file.attachment);
    },
    async retryFile(key) {
      const file = filesByKey.get(key);
      if (file !== undefined) await upload(key, file);
    },
    clear,
    async transcribe(audio) {
      const audio_base64 = await base64(audio);
      const transcript = await context.transport.requestAs("input.transcribe", {
        audio_base64,
        mime_type: audio.type,
      });
      return transcript.text;
    },
    takeDraft() {
      const taken = draft.peek();
      set({ ...EMPTY, modelId: taken.modelId, toolId: persistentTool(taken) });
      return taken;
    },
    releaseDraft(taken) {
      for (const file of taken.files) release(file);
    },
    restoreDraft(taken, threadId) {
      if (threadId === context.session.threadId) set(joinDrafts(taken, draft.peek()));
      else parkedDrafts.set(threadId, joinDrafts(taken, parkedDrafts.get(threadId) ?? EMPTY));
    },
    switchThread(left, entered) {
      const before = draft.peek();
      if (isPristine(before)) parkedDrafts.delete(left);
      else parkedDrafts.set(left, before);
      const kept = parkedDrafts.get(entered);
      parkedDrafts.delete(entered);
      const toolId = kept === undefined ? persistentTool(before) : kept.toolId;
      set({ ...(kept ?? EMPTY), toolId, modelId: before.modelId });
    },
    dropDraft(threadId) {
      for (const file of parkedDrafts.get(threadId)?.files ?? []) release(file);
      parkedDrafts.delete(threadId);
    },
    reset() {
      for (const held of parkedDrafts.values()) held.files.forEach(release);
      parkedDrafts.clear();
      clear();
    },
  };
}

function hasFile(draft: Draft, key: string): boolean {
  return draft.files.some((file) => file.key === key);
}

/** Joins two drafts, so that neither is lost. */
function joinDrafts(first: Draft, second: Draft): Draft {
  if (isPristine(second)) return first;
  const between = isEmpty(first) || isEmpty(second) ? [] : [{ ...NEW_LINE }];
  return {
    ...second,
    content: [...first.content, ...between, ...second.content],
    files: [...first.files, ...second.files],
    reply: second.reply ?? first.reply,
  };
}

/** Returns whether a draft has nothing to keep; a quoted text counts as content. */
function isPristine(draft: Draft): boolean {
  return isEmpty(draft) && draft.reply === null;
}

function isEmpty({ content, files }: Draft): boolean {
  return files.length === 0 && content.every(isBlank);
}

function isBlank(part: UserMessageContent): boolean {
  return part.type === "input_text" && !isVisible(part.text);
}

function asDraftFile(key: string, attachment: Attachment): DraftFile {
  const previewUrl = attachment.type === "image" ? attachment.preview_url : null;
  const { name, mime_type: mimeType } = attachment;
  return {
    ...{ key, name, size: null, mimeType, previewUrl, progress: null },
    ...{ status: "ready", attachment, error: null },
  };
}

async function base64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  // In chunks: the number of arguments of a call is limited.
  for (let start = 0; start < bytes.length; start += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  }
  return btoa(text);
}

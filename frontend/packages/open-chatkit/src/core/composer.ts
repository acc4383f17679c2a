/** What is about to be said: text, tags, files, the tool and the model chosen for it. */

import { computed, signal } from "@preact/signals-core";
import type { Context } from "./context";
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

/** The composer, as the rest of the core uses it. */
export type ComposerCore = Composer & {
  /** Takes the draft out to be sent; a selected tool stays only if it is a persistent one. */
  take(): Draft;
  /** Puts a draft back that wasn't sent in a thread, before what was written meanwhile. */
  putBack(draft: Draft, threadId: string | null): void;
  /** Lets go of what a sent draft held in memory. */
  letGo(draft: Draft): void;
  /**
   * Shows another thread's draft; the one before is kept for its own thread.
   *
   * @param left the thread that was shown: a new one may have got its id since it was begun.
   */
  move(left: string | null, entered: string | null): void;
  /** Forgets a thread's draft. */
  drop(threadId: string): void;
  /** Forgets all drafts: another person's, or another server's. */
  reset(): void;
};

const NEW_LINE = { type: "input_text" as const, text: "\n" };
const EMPTY: Draft = { content: [], reply: null, files: [], toolId: null, modelId: null };

export function createComposer(context: Context): ComposerCore {
  const draft = signal<Draft>(EMPTY);
  /** Drafts of threads that aren't shown; null is the new thread view. */
  const others = new Map<string | null, Draft>();
  const sources = new Map<string, File>();
  let fileCount = 0;

  const wants = signal(false);
  /** Whether there is something to say that only has to wait, if at all. */
  const isSayable = computed(() => {
    const isOpen = (context.store.thread.value?.status.type ?? "active") === "active";
    const hasFailed = draft.value.files.some((file) => file.status === "failed");
    return isOpen && !hasFailed && !isEmpty(draft.value);
  });
  const canSend = computed(() => {
    const { store } = context;
    const isBusy = store.isResponding.value || store.isLoading.value;
    return isSayable.value && !isBusy && draft.value.files.every((file) => file.status === "ready");
  });

  function set(patch: Partial<Draft>): void {
    const before = draft.peek();
    draft.value = { ...before, ...patch };
    if (patch.content !== undefined) wants.value = false;
    const { toolId } = draft.peek();
    if (toolId !== before.toolId) {
      context.emitter.emit({ type: "chatkit.tool.change", detail: { toolId } });
    }
  }

  /** Changes a file wherever it is: its thread may have been left since. */
  function setFile(key: string, change: Partial<DraftFile>): void {
    const changed = (held: Draft): Draft => ({
      ...held,
      files: held.files.map((file) =>
        file.key === key ? ({ ...file, ...change } as DraftFile) : file,
      ),
    });
    if (has(draft.peek(), key)) draft.value = changed(draft.peek());
    for (const [id, held] of others) if (has(held, key)) others.set(id, changed(held));
  }

  function isHeld(key: string): boolean {
    return [draft.peek(), ...others.values()].some((held) => has(held, key));
  }

  async function upload(key: string, file: File): Promise<void> {
    setFile(key, { status: "uploading", attachment: null, error: null, progress: null });
    try {
      const attachment = await uploadFile(context.transport, file, (progress) =>
        setFile(key, { progress }),
      );
      setFile(key, { status: "ready", attachment, error: null, progress: null });
      // Taken out while it was on its way: nobody will refer to it.
      if (!isHeld(key)) await forget(attachment);
    } catch (error) {
      context.emitter.error(error);
      setFile(key, { status: "failed", attachment: null, error: messageOf(error), progress: null });
    }
  }

  async function forget(attachment: Attachment): Promise<void> {
    try {
      await context.transport.ask("attachments.delete", { attachment_id: attachment.id });
    } catch (error) {
      context.emitter.error(error); // it is out of the composer, which is what was wanted
    }
  }

  function newKey(): string {
    fileCount += 1;
    return `file-${fileCount}`;
  }

  function release(file: DraftFile): void {
    if (file.previewUrl?.startsWith("blob:")) URL.revokeObjectURL(file.previewUrl);
    sources.delete(file.key);
  }

  function clear(): void {
    for (const file of draft.peek().files) release(file);
    set({ ...EMPTY, modelId: draft.peek().modelId });
  }

  /** The tool that stays chosen for the next message. */
  function keptTool({ toolId }: Draft): string | null {
    const tool = context.options.composer?.tools?.find((option) => option.id === toolId);
    return tool?.persistent === true ? toolId : null;
  }

  return {
    draft,
    canSend,
    isWaiting: computed(() => wants.value && isSayable.value),
    setWaiting(waits) {
      wants.value = waits && isSayable.peek();
    },
    set,
    addAttachments(attachments) {
      const files = attachments.map((attachment) => asDraftFile(newKey(), attachment));
      set({ files: [...draft.peek().files, ...files] });
    },
    async addFiles(files): Promise<readonly FileRefusal[]> {
      const limits = context.options.composer?.attachments;
      const { taken, refused } = sortFiles(files, limits, draft.peek().files.length);
      for (const file of taken) {
        const key = newKey();
        sources.set(key, file);
        const previewUrl = file.type.startsWith("image/") ? URL.createObjectURL(file) : null;
        const { name, size, type: mimeType } = file;
        const added: DraftFile = {
          ...{ key, name, size, mimeType, previewUrl, progress: null },
          ...{ status: "uploading", attachment: null, error: null },
        };
        set({ files: [...draft.peek().files, added] });
        void upload(key, file);
      }
      return refused;
    },
    async removeFile(key) {
      const file = draft.peek().files.find((other) => other.key === key);
      if (file === undefined) return;
      set({ files: draft.peek().files.filter((other) => other.key !== key) });
      const wasUploadedHere = sources.has(key);
      release(file);
      if (wasUploadedHere && file.attachment !== null) await forget(file.attachment);
    },
    async retryFile(key) {
      const file = sources.get(key);
      if (file !== undefined) await upload(key, file);
    },
    clear,
    async transcribe(audio) {
      const audio_base64 = await base64(audio);
      const answer = await context.transport.askFor("input.transcribe", {
        audio_base64,
        mime_type: audio.type,
      });
      return answer.text;
    },
    take() {
      const taken = draft.peek();
      set({ ...EMPTY, modelId: taken.modelId, toolId: keptTool(taken) });
      return taken;
    },
    letGo(taken) {
      for (const file of taken.files) release(file);
    },
    putBack(taken, threadId) {
      if (threadId === context.session.threadId) set(joined(taken, draft.peek()));
      else others.set(threadId, joined(taken, others.get(threadId) ?? EMPTY));
    },
    move(left, entered) {
      const before = draft.peek();
      if (isUntouched(before)) others.delete(left);
      else others.set(left, before);
      const kept = others.get(entered);
      others.delete(entered);
      const toolId = kept === undefined ? keptTool(before) : kept.toolId;
      set({ ...(kept ?? EMPTY), toolId, modelId: before.modelId });
    },
    drop(threadId) {
      for (const file of others.get(threadId)?.files ?? []) release(file);
      others.delete(threadId);
    },
    reset() {
      for (const held of others.values()) held.files.forEach(release);
      others.clear();
      clear();
    },
  };
}

function has(draft: Draft, key: string): boolean {
  return draft.files.some((file) => file.key === key);
}

/** Both drafts as one, so that neither is lost. */
function joined(first: Draft, second: Draft): Draft {
  if (isUntouched(second)) return first;
  const between = isEmpty(first) || isEmpty(second) ? [] : [{ ...NEW_LINE }];
  return {
    ...second,
    content: [...first.content, ...between, ...second.content],
    files: [...first.files, ...second.files],
    reply: second.reply ?? first.reply,
  };
}

/** Whether there is nothing in it to keep; a quoted text is something. */
function isUntouched(draft: Draft): boolean {
  return isEmpty(draft) && draft.reply === null;
}

function isEmpty({ content, files }: Draft): boolean {
  return files.length === 0 && content.every(isBlank);
}

function isBlank(part: UserMessageContent): boolean {
  return part.type === "input_text" && part.text.trim() === "";
}

function asDraftFile(key: string, attachment: Attachment): DraftFile {
  const previewUrl = attachment.type === "image" ? attachment.preview_url : null;
  const { name, mime_type: mimeType } = attachment;
  return {
    ...{ key, name, size: null, mimeType, previewUrl, progress: null },
    ...{ status: "ready", attachment, error: null },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function base64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  // In pieces: a call takes only so many arguments.
  for (let start = 0; start < bytes.length; start += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  }
  return btoa(text);
}

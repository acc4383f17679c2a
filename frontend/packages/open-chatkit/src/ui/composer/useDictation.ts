import { useEffect, useRef, useState } from "preact/hooks";
import { toast, useT, useUi } from "../context";

export type DictationState = "idle" | "starting" | "recording" | "transcribing";

export type Dictation = {
  state: DictationState;
  start: () => Promise<void>;
  /** Stops the recording and adds its transcript to the draft. */
  finish: () => void;
  discard: () => void;
};

const TYPES = ["audio/webm", "audio/mp4", "audio/ogg"];

/** Returns whether this browser supports recording. */
export function canDictate(): boolean {
  return typeof MediaRecorder !== "undefined" && Boolean(navigator.mediaDevices?.getUserMedia);
}

/** Speech to text: records audio, has the server transcribe it, and passes the text on. */
export function useDictation(onText: (text: string) => void): Dictation {
  const ui = useUi();
  const t = useT();
  const [state, setState] = useState<DictationState>("idle");
  const recorder = useRef<MediaRecorder | null>(null);
  const discarded = useRef(false);

  const release = (): void => {
    for (const track of recorder.current?.stream.getTracks() ?? []) track.stop();
    recorder.current = null;
  };
  const latest = useRef(release);
  latest.current = release;
  // Release the microphone when the chat is removed.
  useEffect(() => () => latest.current(), []);

  const transcribe = async (audio: Blob): Promise<void> => {
    setState("transcribing");
    try {
      const text = await ui.chat.composer.transcribe(audio);
      if (text.trim() === "") toast(ui, t("dictateFailed"));
      else onText(text.trim());
    } catch {
      toast(ui, t("dictateFailed"), "danger");
    } finally {
      setState("idle");
    }
  };

  const start = async (): Promise<void> => {
    setState("starting");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
      const recording = new MediaRecorder(stream, mimeType ? { mimeType } : {});
      const chunks: Blob[] = [];
      recording.ondataavailable = (event) => chunks.push(event.data);
      recording.onstop = () => {
        release();
        const audio = new Blob(chunks, { type: recording.mimeType });
        if (discarded.current || audio.size === 0) setState("idle");
        else void transcribe(audio);
      };
      discarded.current = false;
      recorder.current = recording;
      recording.start();
      setState("recording");
    } catch {
      setState("idle");
      toast(ui, t("dictateDenied"), "danger");
    }
  };

  return {
    state,
    start,
    finish: () => recorder.current?.stop(),
    discard: () => {
      discarded.current = true;
      recorder.current?.stop();
    },
  };
}

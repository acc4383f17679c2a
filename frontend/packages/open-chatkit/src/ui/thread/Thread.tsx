import { useComputed } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Icon } from "../../icons/Icon";
import { attempt, useT, useUi } from "../context";
import { UserMessage } from "../items/UserMessage";
import { StartScreen } from "../start/StartScreen";
import { ErrorBox, Notices } from "./Problems";
import { ProgressLine } from "./Progress";
import { ThreadSkeleton } from "./ThreadSkeleton";
import { TurnView } from "./TurnView";
import { createTurnChunker } from "./turnChunks";
import { groupTurns } from "./turns";
import { useOlder } from "./useOlder";
import { useScroll } from "./useScroll";
import { useWantedItem } from "./useWantedItem";

function Pending() {
  const ui = useUi();
  const t = useT();
  const { chat } = ui;
  const pending = chat.pending.value;
  if (!pending) return null;
  return (
    <section class="turn">
      <UserMessage
        content={pending.content}
        attachments={pending.attachments}
        quotedText={pending.quotedText}
        status={pending.status}
      />
      {/* The error has this button too, but it may be dismissed. */}
      {pending.status === "failed" && !chat.error.value && (
        <button
          type="button"
          class="button small"
          disabled={chat.isResponding.value}
          onClick={() => void attempt(ui, () => chat.retry())}
        >
          {t("retry")}
        </button>
      )}
    </section>
  );
}

function Turns({ thread }: { thread: { current: HTMLElement | null } }) {
  const ui = useUi();
  const { chat } = ui;
  const t = useT();
  const sentinel = useRef<HTMLDivElement>(null);
  const turns = useComputed(() => {
    // Peek: regroup only when items are added or removed, not for each token.
    const ids = chat.itemIds.value;
    return groupTurns(ids.flatMap((id) => chat.item(id).peek() ?? []));
  }).value;
  const chunker = useRef<ReturnType<typeof createTurnChunker> | null>(null);
  chunker.current ??= createTurnChunker();
  const chunks = chunker.current(turns);
  const lastTurn = turns.at(-1);
  useOlder(thread, sentinel, turns[0]?.id);
  const lastIsPending = chat.pending.value !== null;
  return (
    <>
      <div ref={sentinel} class="older">
        {chat.hasMore.value && (
          <button
            type="button"
            class="button small"
            disabled={chat.isLoadingMore.value}
            onClick={() => void attempt(ui, () => chat.loadMore())}
          >
            {t(chat.isLoadingMore.value ? "loading" : "loadMore")}
          </button>
        )}
      </div>
      {chunks.map((chunk, index) => (
        <div key={chunk.key} class={`turn-chunk ${index === chunks.length - 1 ? "last" : ""}`}>
          {chunk.turns.map((turn) => (
            <TurnView key={turn.id} turn={turn} last={!lastIsPending && turn === lastTurn} />
          ))}
        </div>
      ))}
      <Pending />
    </>
  );
}

/** The conversation, or the start screen if there is none. */
export function Thread() {
  const { chat } = useUi();
  const t = useT();
  const thread = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const room = useRef<HTMLDivElement>(null);
  const { away, showEnd, onScroll } = useScroll({ thread, content, room });
  useWantedItem(thread);
  const isEmpty =
    chat.itemIds.value.length === 0 && chat.pending.value === null && !chat.isResponding.value;
  const isStart = isEmpty && chat.threadId.value === null && !chat.isLoading.value;
  return (
    <div class="thread-area">
      {/* Focusable, to scroll by keyboard and as the target of "skip to messages". */}
      <section
        ref={thread}
        class="thread"
        part="thread"
        aria-label={t("messages")}
        aria-busy={chat.isResponding.value}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
        tabIndex={0}
        onScroll={onScroll}
      >
        <div ref={content} class={`column ${isStart ? "start" : ""}`}>
          {chat.isLoading.value && isEmpty && <ThreadSkeleton />}
          {isStart && <StartScreen />}
          {!isEmpty && <Turns thread={thread} />}
          <ProgressLine />
          <Notices />
          <ErrorBox />
        </div>
        <div ref={room} class="room" />
      </section>
      {away && !isEmpty && (
        <button
          type="button"
          class="to-end"
          aria-label={t("scrollToEnd")}
          title={t("scrollToEnd")}
          onClick={showEnd}
        >
          <Icon name="arrow-down" size={18} />
        </button>
      )}
    </div>
  );
}

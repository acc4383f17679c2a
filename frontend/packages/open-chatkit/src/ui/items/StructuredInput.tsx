import { useId, useState } from "preact/hooks";
import type { StructuredInput, StructuredInputItem } from "../../core/types";
import { toast, useT, useUi } from "../context";

type Answers = Readonly<Record<string, readonly string[]>>;

type QuestionProps = {
  input: StructuredInput;
  values: readonly string[];
  onChange: (values: readonly string[]) => void;
};

function Choices({
  input,
  values,
  onChange,
}: QuestionProps & { input: { type: "multiple_choice" } }) {
  const t = useT();
  const name = useId();
  const offered = input.options.map((option) => option.value);
  const own = values.find((value) => !offered.includes(value)) ?? "";
  /** Sets the free-text answer; with multiple choice, it is added to the selection. */
  const setOwnAnswer = (text: string): void => {
    const kept = input.multiple ? values.filter((value) => offered.includes(value)) : [];
    onChange(text === "" ? kept : [...kept, text]);
  };
  const toggle = (value: string): void => {
    if (!input.multiple) onChange([value]);
    else if (values.includes(value)) onChange(values.filter((other) => other !== value));
    else onChange([...values, value]);
  };
  return (
    <div class="choices">
      {input.options.map((option) => (
        <label key={option.value} class="choice" dir="auto">
          <input
            type={input.multiple ? "checkbox" : "radio"}
            name={name}
            checked={values.includes(option.value)}
            onChange={() => toggle(option.value)}
          />
          <span>{option.value}</span>
        </label>
      ))}
      <input
        class="choice-own"
        type="text"
        dir="auto"
        aria-label={`${input.question} ${t("yourAnswer")}`}
        placeholder={t("yourAnswer")}
        value={own}
        onInput={(event) => setOwnAnswer(event.currentTarget.value)}
      />
    </div>
  );
}

function Question(props: QuestionProps) {
  const { input, values, onChange } = props;
  const t = useT();
  return (
    <fieldset class="question">
      <legend dir="auto">{input.question}</legend>
      {input.type === "multiple_choice" ? (
        <Choices {...props} input={input} />
      ) : (
        <>
          {input.description && (
            <p class="question-description" dir="auto">
              {input.description}
            </p>
          )}
          <textarea
            rows={2}
            dir="auto"
            aria-label={input.question}
            placeholder={t("yourAnswer")}
            value={values[0] ?? ""}
            onInput={(event) => onChange([event.currentTarget.value])}
          />
        </>
      )}
    </fieldset>
  );
}

function Answered({ item }: { item: StructuredInputItem }) {
  const t = useT();
  return (
    <dl class="answers" part="structured-input">
      {item.inputs.map((input) => (
        <div key={input.id}>
          <dt dir="auto">{input.question}</dt>
          <dd dir="auto">
            {input.answer && !input.answer.skipped && input.answer.values.length > 0
              ? input.answer.values.join(", ")
              : t("skipped")}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A form with the assistant's questions. */
export function StructuredInputView({ item }: { item: StructuredInputItem }) {
  const ui = useUi();
  const t = useT();
  const [answers, setAnswers] = useState<Answers>({});
  const [sending, setSending] = useState(false);
  if (item.status !== "pending") return <Answered item={item} />;

  const filled = (id: string): string[] =>
    (answers[id] ?? []).map((value) => value.trim()).filter((value) => value !== "");
  const submit = async (status: "answered" | "skipped"): Promise<void> => {
    setSending(true);
    const given = item.inputs.map(({ id }) => {
      const values = status === "answered" ? filled(id) : [];
      return [id, { values, skipped: values.length === 0 }] as const;
    });
    try {
      await ui.chat.submitStructuredInput(item.id, { status, answers: Object.fromEntries(given) });
    } catch {
      toast(ui, t("errorGeneric"), "danger");
    } finally {
      setSending(false);
    }
  };
  const isEmpty = item.inputs.every(({ id }) => filled(id).length === 0);
  return (
    <form
      class="structured-input"
      part="structured-input"
      onSubmit={(event) => {
        event.preventDefault();
        void submit("answered");
      }}
    >
      {item.inputs.map((input) => (
        <Question
          key={input.id}
          input={input}
          values={answers[input.id] ?? []}
          onChange={(values) => setAnswers((before) => ({ ...before, [input.id]: values }))}
        />
      ))}
      <div class="form-actions">
        <button
          type="button"
          class="button"
          disabled={sending}
          onClick={() => void submit("skipped")}
        >
          {t("skip")}
        </button>
        <button type="submit" class="button primary" disabled={sending || isEmpty}>
          {t("submit")}
        </button>
      </div>
    </form>
  );
}

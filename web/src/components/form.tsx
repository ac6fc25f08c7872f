// Forms: each field says what the server found wrong with it; what belongs to no field stands above the button.
import {
  createContext,
  type InputHTMLAttributes,
  type ReactNode,
  type TextareaHTMLAttributes,
  useContext,
  useEffect,
  useId,
  useRef,
} from "react";
import { ApiError } from "../lib/api";
import { useSecret } from "../lib/queries";
import { Button, ErrorNote } from "./ui";

interface Wrong {
  error: unknown;
  fields: Set<string>;
}
const FormContext = createContext<Wrong | null>(null);

const messageFor = (error: unknown, field: string): string | undefined =>
  error instanceof ApiError ? error.fieldError(field)?.message : undefined;

/** What the server says of that field of the form around it; the form then leaves it to the field. */
function useFieldError(field: string | undefined): string | undefined {
  const form = useContext(FormContext);
  useEffect(() => {
    if (!form || !field) return;
    form.fields.add(field);
    return () => void form.fields.delete(field);
  }, [form?.fields, field]);
  return form && field ? messageFor(form.error, field) : undefined;
}

export function Form(props: {
  /** What is sent, as useChange() gives it. */
  change: { mutate: () => void; isPending: boolean; error: unknown };
  action: string;
  primary?: boolean;
  disabled?: boolean;
  /** Beside the button. */
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}) {
  const { error, isPending, mutate } = props.change;
  const fields = useRef(new Set<string>()).current;
  const isTold = [...fields].some((field) => messageFor(error, field));
  return (
    <FormContext.Provider value={{ error, fields }}>
      <form
        className={`form ${props.className ?? ""}`}
        onSubmit={(event) => {
          event.preventDefault();
          if (!props.disabled && !isPending) mutate();
        }}
      >
        {props.children}
        {error && !isTold ? <ErrorNote error={error} /> : null}
        <div className="row between">
          <Button
            {...(props.primary !== false && { kind: "primary" as const })}
            type="submit"
            busy={isPending}
            disabled={props.disabled}
          >
            {props.action}
          </Button>
          {props.aside}
        </div>
      </form>
    </FormContext.Provider>
  );
}

interface Control {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

interface Labelled {
  label: string;
  hint?: ReactNode;
  /** The name of the member in what is sent. */
  field?: string | undefined;
  error?: string | null | undefined;
}

/** A labelled control; the child gets the id, and what describes it. */
export function Field({
  label,
  hint,
  field,
  error,
  children,
}: Labelled & { children: (control: Control) => ReactNode }) {
  const id = useId();
  const wrong = useFieldError(field) ?? error;
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": wrong ? true : undefined })}
      {hint && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {wrong && (
        <span className="wrong" id={`${id}-wrong`} role="alert">
          {wrong}
        </span>
      )}
    </div>
  );
}

interface Typed extends Labelled {
  value: string;
  onChange: (value: string) => void;
  mono?: boolean;
}

type TypedProps<Attributes> = Typed & Omit<Attributes, "value" | "onChange" | "className" | "id">;

/** What is typed into: the browser's own control, labelled. */
function typedField<Attributes>(Control: "input" | "textarea") {
  return function TypedField(props: TypedProps<Attributes>) {
    const { label, hint, field, error, value, onChange, mono, ...native } = props;
    return (
      <Field {...{ label, hint, field, error }}>
        {(control) => (
          <Control
            {...native}
            {...control}
            className={mono ? "input mono" : "input"}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        )}
      </Field>
    );
  };
}

export const TextField = typedField<InputHTMLAttributes<HTMLInputElement>>("input");
export const TextArea = typedField<TextareaHTMLAttributes<HTMLTextAreaElement>>("textarea");

interface SelectProps<Value extends string> extends Labelled {
  value: Value;
  onChange: (value: Value) => void;
  options: readonly (readonly [Value, string])[];
}

export function SelectField<Value extends string>({
  label,
  hint,
  field,
  error,
  value,
  onChange,
  options,
}: SelectProps<Value>) {
  return (
    <Field {...{ label, hint, field, error }}>
      {(control) => (
        <select
          {...control}
          className="select full"
          value={value}
          onChange={(event) => onChange(event.target.value as Value)}
        >
          {options.map(([option, name]) => (
            <option key={option} value={option}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function Checkbox(props: { checked: boolean; onChange: (checked: boolean) => void; children: ReactNode }) {
  return (
    <label className="checkbox">
      <input type="checkbox" checked={props.checked} onChange={(event) => props.onChange(event.target.checked)} />
      {props.children}
    </label>
  );
}

export const passwordCharsMin = 12;

/** A new password, written twice because nobody sees it. `ready` when both are the same and long enough. */
export function useNewPassword() {
  const [value, setValue] = useSecret();
  const [again, setAgain] = useSecret();
  return {
    value,
    ready: value === again && [...value].length >= passwordCharsMin,
    clear: () => {
      setValue("");
      setAgain("");
    },
    props: { value, setValue, again, setAgain },
  };
}

export function NewPasswordFields(
  props: ReturnType<typeof useNewPassword>["props"] & { label: string; field: string; hint?: string },
) {
  const { value, setValue, again, setAgain } = props;
  const type = { type: "password", autoComplete: "new-password", required: true } as const;
  return (
    <>
      <TextField
        {...type}
        label={props.label}
        field={props.field}
        hint={props.hint ?? `At least ${passwordCharsMin} characters.`}
        minLength={passwordCharsMin}
        value={value}
        onChange={setValue}
      />
      <TextField
        {...type}
        label={`${props.label} again`}
        error={again !== "" && !value.startsWith(again) ? "These are not the same." : null}
        value={again}
        onChange={setAgain}
      />
    </>
  );
}

/** Forms: fields, a button, and the outcome of submitting. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { type Failure, failureOf } from './api.ts';
import { ErrorMessage } from './ui.tsx';

export interface Submission {
  readonly busy: boolean;
  readonly failure: Failure | null;
  /** What to tell the reader after success. */
  readonly message: string;
  /** Runs an action. The text that it resolves to becomes the message. */
  send(act: () => Promise<string | undefined>): Promise<void>;
}

export function useSubmission(): Submission {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [message, setMessage] = useState('');
  const send = async (act: () => Promise<string | undefined>): Promise<void> => {
    setBusy(true);
    setFailure(null);
    setMessage('');
    try {
      setMessage((await act()) ?? '');
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, message, send };
}

interface FormProps {
  /** `block`: one of the forms of a page. `narrow`: the only content of a page. `inset`: a part of a block. */
  readonly kind: 'block' | 'narrow' | 'inset';
  readonly submission: Submission;
  /** Submits the form. Resolves to a message for the reader, if there is one. */
  readonly submit: () => Promise<string | undefined>;
  readonly button: string;
  /** Whether the form is incomplete and cannot be submitted. */
  readonly disabled?: boolean;
  readonly danger?: boolean;
  /** Closes the form without submitting it. */
  readonly cancel?: (() => void) | null;
  readonly children: ComponentChildren;
}

export function Form({
  kind,
  submission,
  submit,
  button,
  disabled = false,
  danger = false,
  cancel = null,
  children,
}: FormProps) {
  const { busy, failure, message, send } = submission;
  return (
    <form
      class={kind}
      onSubmit={(event) => {
        event.preventDefault();
        void send(submit);
      }}
    >
      {children}
      {failure && <ErrorMessage failure={failure} />}
      <footer class="row">
        <button type="submit" class={danger ? 'danger' : ''} disabled={busy || disabled}>
          {button}
        </button>
        {cancel && (
          <button type="button" class="quiet" onClick={cancel}>
            Cancel
          </button>
        )}
        <span role="status" class="saved">
          {message}
        </span>
      </footer>
    </form>
  );
}

interface Labelled {
  readonly label: string;
  readonly hint?: string | undefined;
  /** What is wrong with the value. */
  readonly error?: string | undefined;
}

interface FieldProps extends Labelled {
  readonly children: (props: {
    readonly id: string;
    readonly 'aria-describedby'?: string;
    readonly 'aria-invalid'?: boolean;
  }) => ComponentChildren;
}

export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        ...(hint || error ? { 'aria-describedby': `${id}h` } : {}),
        ...(error ? { 'aria-invalid': true } : {}),
      })}
      {(hint || error) && (
        <small id={`${id}h`} class="muted">
          {error && <span class="worse">{error} </span>}
          {hint}
        </small>
      )}
    </div>
  );
}

interface Editable {
  readonly value: string;
  readonly set: (value: string) => void;
}

interface InputProps extends Labelled, Editable {
  readonly type?: 'text' | 'password' | 'number' | 'date';
  readonly required?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly min?: number | string;
  readonly max?: string;
  readonly placeholder?: string;
  readonly autocomplete?: 'off' | 'current-password' | 'new-password' | 'url';
  /** The keyboard that a phone shows. */
  readonly inputmode?: 'url';
  /** Whether it takes the focus when it appears, in place of the page's heading. */
  readonly takesFocus?: boolean;
}

/** An input of one line. */
export function Input({ label, hint, error, type = 'text', set, takesFocus = false, ...rest }: InputProps) {
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (takesFocus) ref.current?.focus();
  }, []);
  return (
    <Field label={label} hint={hint} error={error}>
      {(props) => (
        <input
          ref={ref}
          {...props}
          {...rest} // Preact's types for inputs depend on roles, and there is none here.
          type={type as 'text'}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** Values with their labels, in order. */
export type Options = readonly (readonly [value: string, name: string])[];

interface ChoiceProps extends Labelled, Editable {
  readonly options: Options;
}

export function Choice({ label, hint, error, value, set, options }: ChoiceProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(props) => (
        <select {...props} value={value} onChange={(event) => set(event.currentTarget.value)}>
          <OptionList options={options} />
        </select>
      )}
    </Field>
  );
}

/** A choice in a toolbar. Its label is for screen readers only. */
export function InlineChoice({ label, value, set, options }: Omit<ChoiceProps, 'hint' | 'error'>) {
  return (
    <label class="inline">
      <span class="hidden">{label}</span>
      <select value={value} onChange={(event) => set(event.currentTarget.value)}>
        <OptionList options={options} />
      </select>
    </label>
  );
}

function OptionList({ options }: { readonly options: Options }) {
  return (
    <>
      {options.map(([value, name]) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
    </>
  );
}

interface ConfirmProps {
  readonly label: string;
  /** The label of the second button, which does it. */
  readonly confirm: string;
  /** The label of the button that does nothing. */
  readonly cancel?: string;
  readonly act: () => void;
}

const focus = (element: HTMLElement | null): void => element?.focus();

/** A button that asks for a second click before it does what cannot be undone. The focus stays with it, and does nothing by itself. */
export function Confirm({ label, confirm, cancel = 'Keep it', act }: ConfirmProps) {
  const [isOpen, open] = useState<boolean | null>(null);
  return isOpen ? (
    <span class="confirm">
      <button type="button" class="danger" onClick={act}>
        {confirm}
      </button>
      <button ref={focus} type="button" class="quiet" onClick={() => open(false)}>
        {cancel}
      </button>
    </span>
  ) : (
    <button ref={isOpen === false ? focus : null} type="button" class="quiet" onClick={() => open(true)}>
      {label}
    </button>
  );
}

/** Forms: their fields, a button, and what came of sending them. */
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { type Failure, failureOf } from './api.ts';
import { Trouble } from './ui.tsx';

export interface Sending {
  readonly busy: boolean;
  readonly failure: Failure | null;
  /** What there is to say of what was done. */
  readonly said: string;
  /** Does it; what it resolves to is said. */
  send(act: () => Promise<string | undefined>): Promise<void>;
}

export function useSending(): Sending {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [said, say] = useState('');
  const send = async (act: () => Promise<string | undefined>): Promise<void> => {
    setBusy(true);
    setFailure(null);
    say('');
    try {
      say((await act()) ?? '');
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, said, send };
}

interface FormProps {
  /** `block` is one of several on a page; `narrow` is all that the page has. */
  readonly kind: 'block' | 'narrow';
  readonly sending: Sending;
  /** Sends it, and tells what there is to say of that. */
  readonly submit: () => Promise<string | undefined>;
  readonly button: string;
  /** Whether there is nothing yet that could be sent. */
  readonly unready?: boolean;
  readonly danger?: boolean;
  readonly children: ComponentChildren;
}

export function Form({
  kind,
  sending,
  submit,
  button,
  unready = false,
  danger = false,
  children,
}: FormProps) {
  const { busy, failure, said, send } = sending;
  return (
    <form
      class={kind}
      onSubmit={(event) => {
        event.preventDefault();
        void send(submit);
      }}
    >
      {children}
      {failure && <Trouble failure={failure} />}
      <footer class="row">
        <button type="submit" class={danger ? 'danger' : ''} disabled={busy || unready}>
          {button}
        </button>
        <span role="status" class="saved">
          {said}
        </span>
      </footer>
    </form>
  );
}

interface Labelled {
  readonly label: string;
  readonly hint?: string | undefined;
}

interface FieldProps extends Labelled {
  readonly children: (props: {
    readonly id: string;
    readonly 'aria-describedby'?: string;
  }) => ComponentChildren;
}

export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, ...(hint ? { 'aria-describedby': `${id}h` } : {}) })}
      {hint && (
        <small id={`${id}h`} class="muted">
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
  readonly type?: 'text' | 'url' | 'password' | 'number' | 'date';
  readonly required?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly min?: number | string;
  readonly max?: string;
  readonly placeholder?: string;
  readonly autocomplete?: 'off' | 'current-password' | 'new-password';
}

/** A line of text, or of what else `type` says. */
export function Input({ label, hint, type = 'text', set, ...rest }: InputProps) {
  return (
    <Field label={label} hint={hint}>
      {(props) => (
        <input
          {...props}
          {...rest} // Preact tells types apart by the roles that they allow; none is given here.
          type={type as 'text'}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** Values with their names, in order. */
export type Options = readonly (readonly [value: string, name: string])[];

interface ChoiceProps extends Labelled, Editable {
  readonly options: Options;
}

export function Choice({ label, hint, value, set, options }: ChoiceProps) {
  return (
    <Field label={label} hint={hint}>
      {(props) => (
        <select {...props} value={value} onChange={(event) => set(event.currentTarget.value)}>
          <OptionList options={options} />
        </select>
      )}
    </Field>
  );
}

/** A choice among the tools of a page, whose label only screen readers need. */
export function InlineChoice({ label, value, set, options }: Omit<ChoiceProps, 'hint'>) {
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
  readonly act: () => void;
}

/** A button that asks for a second click before it does what cannot be undone. */
export function Confirm({ label, confirm, act }: ConfirmProps) {
  const [isOpen, open] = useState(false);
  return isOpen ? (
    <span class="confirm">
      <button type="button" class="danger" onClick={act}>
        {confirm}
      </button>
      <button type="button" class="quiet" onClick={() => open(false)}>
        Keep it
      </button>
    </span>
  ) : (
    <button type="button" class="quiet" onClick={() => open(true)}>
      {label}
    </button>
  );
}

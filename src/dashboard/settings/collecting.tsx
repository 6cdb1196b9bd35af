import { useState } from 'preact/hooks';
import { readableHost } from '../../model/text/readable.ts';
import type { Settings } from '../api.ts';
import { Choice, Field, Form, Input, useSending } from '../forms.tsx';
import { type SettingsProps, save } from './save.ts';

/** Goals and funnels have forms of their own. */
type Collected = Omit<Settings, 'goals' | 'funnels'>;

function collected({ goals, funnels, ...rest }: Settings): Collected {
  return rest;
}

/** What is kept of whom, and for how long. */
export function Collecting(props: SettingsProps) {
  const [values, set] = useState(() => collected(props.pixel.settings));
  const sending = useSending();
  const change = (part: Partial<Collected>): void => set({ ...values, ...part });
  return (
    <Form
      kind="block"
      sending={sending}
      submit={() => save(props, { settings: changes(props.pixel.settings, values) })}
      button="Save"
    >
      <h2>Collecting and privacy</h2>
      <NumberField
        label="Keep raw events, in days"
        hint="Statistics stay. Filters reach as far as raw events do."
        min={1}
        value={values.retention_days}
        set={(retention_days) => change({ retention_days })}
      />
      <Lines
        label="Hosts that may send events"
        hint="One a line, such as *.example.com. None: all may."
        value={values.origins.map(readableHost)}
        set={(origins) => change({ origins })}
      />
      <Lines
        label="Query parameters that belong to a page's name"
        hint="One a line. All others are dropped."
        value={values.query_params}
        set={(query_params) => change({ query_params })}
      />
      <Choice
        label="Browsers that ask not to be tracked (GPC)"
        options={[
          ['anonymous', 'Count their events, without a visitor'],
          ['drop', 'Do not count them'],
        ]}
        value={values.gpc}
        set={(gpc) => change({ gpc })}
      />
      <Choice
        label="Cookie for those who consent"
        hint="With one they are known again on other days. Nobody else is."
        options={[
          ['off', 'None'],
          ['first_party', 'First-party'],
          ['third_party', 'Third-party'],
        ]}
        value={values.cookie}
        set={(cookie) => change({ cookie })}
      />
      <Choice
        label="Whom a page may identify"
        hint="Signed: a user id counts with your server's signature only. See Install."
        options={[
          ['open', 'Anyone'],
          ['signed', 'Signed users only'],
        ]}
        value={values.identity}
        set={(identity) => change({ identity })}
      />
      <NumberField
        label="Smallest group that is shown, in visitors"
        hint="Smaller groups are in no answer, counts are rounded to multiples of it, and a day is shown when it is over. 0: everything as it is."
        min={0}
        value={values.min_group}
        set={(min_group) => change({ min_group })}
      />
    </Form>
  );
}

/** The settings that are not as they were. */
function changes(before: Settings, values: Collected): Partial<Collected> {
  return Object.fromEntries(
    Object.entries(values)
      .map(([name, value]): [string, unknown] => [
        name,
        Array.isArray(value) ? value.map((line: string) => line.trim()).filter((line) => line !== '') : value,
      ])
      .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof Settings])),
  );
}

interface FieldOf<T> {
  readonly label: string;
  readonly hint: string;
  readonly value: T;
  readonly set: (value: T) => void;
}

function NumberField({ value, set, ...rest }: FieldOf<number> & { readonly min: number }) {
  return (
    <Input
      {...rest}
      type="number"
      required
      // Not a number: while it is empty.
      value={Number.isNaN(value) ? '' : String(value)}
      set={(text) => set(text === '' ? Number.NaN : Number(text))}
    />
  );
}

function Lines({ label, hint, value, set }: FieldOf<readonly string[]>) {
  return (
    <Field label={label} hint={hint}>
      {(props) => (
        <textarea
          {...props}
          rows={Math.max(2, value.length + 1)}
          value={value.join('\n')}
          onInput={(event) => set(event.currentTarget.value.split('\n'))}
        />
      )}
    </Field>
  );
}

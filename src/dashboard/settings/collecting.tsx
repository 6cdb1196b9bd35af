import { useState } from 'preact/hooks';
import { readableHost } from '../../model/text/readable.ts';
import type { Settings } from '../api.ts';
import { Choice, Field, Form, Input, useSubmission } from '../forms.tsx';
import { type SettingsProps, save } from './save.ts';

/** All settings but goals, funnels and the owner, which have forms of their own. */
type CollectionSettings = Omit<
  Settings,
  'goals' | 'funnels' | 'owner_name' | 'owner_contact' | 'owner_policy'
>;

function collectionSettings({
  goals,
  funnels,
  owner_name,
  owner_contact,
  owner_policy,
  ...rest
}: Settings): CollectionSettings {
  return rest;
}

/** What is collected, and how long it is stored. */
export function Collecting(props: SettingsProps) {
  const [values, set] = useState(() => collectionSettings(props.pixel.settings));
  const submission = useSubmission();
  const change = (part: Partial<CollectionSettings>): void => set({ ...values, ...part });
  return (
    <Form
      kind="block"
      submission={submission}
      submit={() => save(props, { settings: changes(props.pixel.settings, values) })}
      button="Save"
    >
      <h2>Collecting and privacy</h2>
      <NumberField
        label="Keep raw events, in days"
        hint="Statistics stay. People, and funnels within hours, need raw events."
        min={1}
        value={values.retention_days}
        set={(retention_days) => change({ retention_days })}
      />
      <NumberField
        label="Keep anonymous visits, in days"
        hint="Filters, split rows, hours and funnels within a visit need them. They are kept at least as long as raw events."
        min={1}
        value={values.keep_days}
        set={(keep_days) => change({ keep_days })}
      />
      <Lines
        label="Hosts that may send events"
        hint="One per line, such as *.example.com. Leave empty to allow all hosts."
        value={values.origins.map(readableHost)}
        set={(origins) => change({ origins })}
      />
      <Lines
        label="Query parameters that belong to a page's name"
        hint="One per line. All others are removed."
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
        hint="With a cookie, Speck recognizes these visitors on other days. Nobody else is recognized."
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
        hint="Signed users only: a user id needs your server's signature. See Install."
        options={[
          ['open', 'Anyone'],
          ['signed', 'Signed users only'],
        ]}
        value={values.identity}
        set={(identity) => change({ identity })}
      />
      <NumberField
        label="Smallest group that is shown, in visitors"
        hint="Smaller groups are hidden, counts are rounded to multiples of it, and a day is shown once it is over. 0: show everything."
        min={0}
        value={values.min_group}
        set={(min_group) => change({ min_group })}
      />
    </Form>
  );
}

/** The settings that the reader has changed. */
function changes(before: Settings, values: CollectionSettings): Partial<CollectionSettings> {
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
      // The value is not a number while the field is empty.
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

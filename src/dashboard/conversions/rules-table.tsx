/** Which events are sent, and as what: a row for each event or goal. */
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { MAX_DESTINATION_RULES } from '../../model/destination.ts';
import type { NetworkJson } from '../../model/relay-json.ts';
import type { Pixel } from '../api.ts';
import { type RuleFields, withEvent } from './fields.ts';

interface Props {
  readonly pixel: Pixel;
  readonly network: NetworkJson;
  readonly rules: readonly RuleFields[];
  readonly set: (rules: readonly RuleFields[]) => void;
  /** What is wrong, by `rules[0].as` and the like. */
  readonly errors: ReadonlyMap<string, string>;
}

export function RulesTable({ pixel, network, rules, set, errors }: Props) {
  const table = useRef<HTMLTableElement>(null);
  /** The row whose first control takes the focus once it is there. */
  const next = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (next.current === null) return;
    table.current?.tBodies[0]?.rows[next.current]?.querySelector<HTMLElement>('select')?.focus();
    next.current = null;
  });
  const add = (): void => {
    next.current = rules.length;
    set([...rules, { kind: 'event', what: '', as: '' }]);
  };
  const remove = (index: number): void => {
    next.current = Math.max(0, Math.min(index, rules.length - 2));
    set(rules.toSpliced(index, 1));
  };
  const whole = errors.get('rules');
  return (
    <section class="inset" aria-labelledby="rules">
      <h2 id="rules">Events</h2>
      <p class="muted">
        Only these are sent. An event that matches several rows is sent as the first of them says.
      </p>
      <table class="rules" ref={table}>
        <thead>
          <tr>
            <th scope="col">In Speck</th>
            <th scope="col">At {network.title}</th>
            <th scope="col">
              <span class="hidden">Remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule, index) => (
            <RuleRow
              // Rows have no identity but their place.
              key={`${index} of ${rules.length}`}
              pixel={pixel}
              network={network}
              rule={rule}
              place={index}
              set={(changed) => set(rules.with(index, changed))}
              remove={rules.length > 1 ? () => remove(index) : null}
              errors={errors}
            />
          ))}
        </tbody>
      </table>
      {whole && <p class="worse">{whole}</p>}
      <p>
        <button type="button" class="quiet" disabled={rules.length >= MAX_DESTINATION_RULES} onClick={add}>
          + Add an event or a goal
        </button>
      </p>
      <p class="muted note">
        {network.title}: {network.as.help}
      </p>
    </section>
  );
}

interface RowProps extends Omit<Props, 'rules' | 'set'> {
  readonly rule: RuleFields;
  readonly place: number;
  readonly set: (rule: RuleFields) => void;
  /** Null: the last row stays. */
  readonly remove: (() => void) | null;
}

function RuleRow({ pixel, network, rule, place, set, remove, errors }: RowProps) {
  const { kind, what, as } = rule;
  const events = Object.keys(network.events);
  const names = [...new Set(Object.values(network.events))];
  const goals = pixel.settings.goals.map(({ name }) => name);
  const label = `row ${place + 1}`;
  const errorAt = (part: string): string | undefined => errors.get(`rules[${place}]${part}`);
  return (
    <tr>
      <td>
        <NameChoice
          label={`Event or goal, ${label}`}
          groups={[
            ['Events', 'event', events],
            [
              'Goals',
              'goal',
              kind === 'goal' && what !== '' && !goals.includes(what) ? [what, ...goals] : goals,
            ],
          ]}
          other={['event', 'Another event…', 'Name of the event']}
          value={{ group: kind, name: what }}
          set={({ group, name }) =>
            set(withEvent(rule, { kind: group as RuleFields['kind'], what: name }, network.events))
          }
          error={errorAt(kind === 'goal' ? '.goal' : '.event') ?? errorAt('')}
        />
        {kind === 'goal' && what !== '' && !goals.includes(what) && (
          <small class="worse">The pixel has no such goal any more, so nothing is sent for it.</small>
        )}
      </td>
      <td>
        <NameChoice
          label={`Name at ${network.title}, ${label}`}
          groups={[['', 'as', names]]}
          other={['as', 'Another name…', names.length > 0 ? 'Another name' : 'Name or id']}
          value={{ group: 'as', name: as }}
          set={({ name }) => set({ ...rule, as: name })}
          error={errorAt('.as')}
        />
      </td>
      <td>
        {remove && (
          <button type="button" class="quiet" aria-label={`Remove ${label}`} onClick={remove}>
            ✕
          </button>
        )}
      </td>
    </tr>
  );
}

interface Named {
  readonly group: string;
  readonly name: string;
}

interface NameChoiceProps {
  readonly label: string;
  /** The names that are offered, in groups. */
  readonly groups: readonly (readonly [title: string, group: string, names: readonly string[]])[];
  /** The group of names that are typed, the option for them, and the label of their input. */
  readonly other: readonly [group: string, option: string, label: string];
  readonly value: Named;
  readonly set: (value: Named) => void;
  readonly error: string | undefined;
}

const OTHER = 'other';

/** A name out of those that are offered, or any other. Without names to offer it is an input. */
function NameChoice({ label, groups, other, value, set, error }: NameChoiceProps) {
  const [otherGroup, otherOption, otherLabel] = other;
  const id = useId();
  const key = ({ group, name }: Named): string => `${group}:${name}`;
  const offered = groups.filter(([, , names]) => names.length > 0);
  const isOffered = offered.some(([, group, names]) => group === value.group && names.includes(value.name));
  const [isTyped, type] = useState(!isOffered && value.name !== '');
  const hasInput = offered.length === 0 || (isTyped && !isOffered);
  const told = error ? { 'aria-invalid': true, 'aria-describedby': id } : {};
  return (
    <div class="name-choice">
      {offered.length > 0 && (
        <select
          {...(hasInput ? {} : told)}
          aria-label={label}
          required
          value={hasInput ? OTHER : isOffered ? key(value) : ''}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            const [group = '', ...rest] = chosen.split(':');
            type(chosen === OTHER);
            set(chosen === OTHER ? { group: otherGroup, name: '' } : { group, name: rest.join(':') });
          }}
        >
          <option value="" disabled hidden>
            Choose
          </option>
          {offered.map(([title, group, names]) => {
            const options = names.map((name) => (
              <option key={name} value={key({ group, name })}>
                {name}
              </option>
            ));
            return title === '' ? options : <optgroup label={title}>{options}</optgroup>;
          })}
          <option value={OTHER}>{otherOption}</option>
        </select>
      )}
      {hasInput && (
        <input
          {...told}
          aria-label={`${otherLabel}, ${label}`}
          placeholder={otherLabel}
          required
          maxLength={200}
          value={value.name}
          onInput={(event) => set({ group: otherGroup, name: event.currentTarget.value })}
        />
      )}
      {error && (
        <small id={id} class="worse">
          {error}
        </small>
      )}
    </div>
  );
}

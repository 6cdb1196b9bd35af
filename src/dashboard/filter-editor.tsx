/** The dialog that adds a filter or edits one: a dimension, a condition, and one or more values. */
import { useState } from 'preact/hooks';
import type { Filter } from './api.ts';
import type { Base } from './base.ts';
import { FILTER_GROUPS } from './dimensions.ts';
import { isOfValues, OPERATORS, type Operator, operatorsOf } from './filters.ts';
import { dimensionName } from './format.ts';
import { Choice, Field, Input } from './forms.tsx';
import { useGet } from './hooks.ts';
import { Dialog } from './ui.tsx';
import { ValueList } from './value-list.tsx';
import { daysOf } from './view.ts';

interface Props {
  readonly base: Base;
  readonly timezone: string;
  readonly filters: readonly Filter[];
  /** The position of the filter to edit; the number of filters for a new one. */
  readonly index: number;
  readonly close: () => void;
  readonly apply: (filter: Filter) => void;
}

const PROPERTY = 'event:props:';
const NEW: Filter = ['is', 'event:page', []];

export default function FilterEditor({ base, timezone, filters, index, close, apply }: Props) {
  const isNew = index >= filters.length;
  const [firstOperator, firstDimension, firstValues] = filters[index] ?? NEW;
  // `event:props:` alone stands for a property whose name is typed.
  const [chosen, choose] = useState(firstDimension);
  const [key, setKey] = useState('');
  const [operator, setOperator] = useState(firstOperator as Operator);
  const [values, setValues] = useState(isOfValues(firstOperator) ? firstValues : []);
  const [texts, setTexts] = useState(isOfValues(firstOperator) ? [''] : firstValues);
  const dimension = chosen === PROPERTY ? PROPERTY + key.trim() : chosen;
  const given = isOfValues(operator) ? values : [...new Set(texts.filter((text) => text !== ''))];
  const isComplete = given.length > 0 && dimension !== PROPERTY;
  return (
    <Dialog title={isNew ? 'Add a filter' : 'Edit the filter'} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isComplete) apply([operator, dimension, given]);
        }}
      >
        <div class="row">
          <DimensionChoice
            base={base}
            timezone={timezone}
            value={chosen}
            set={(name) => {
              choose(name);
              setValues([]);
              setTexts(['']);
              if (!operatorsOf(name).includes(operator)) setOperator('is');
            }}
          />
          <Choice
            label="Condition"
            options={operatorsOf(dimension).map((name) => [name, OPERATORS[name]])}
            value={operator}
            set={(name) => setOperator(name as Operator)}
          />
        </div>
        {chosen === PROPERTY && (
          <Input label="Name of the property" value={key} required autocomplete="off" set={setKey} />
        )}
        {isOfValues(operator) ? (
          <ValueList
            key={dimension}
            base={{ ...base, filters: filters.filter((_, at) => at !== index) }}
            dimension={dimension === PROPERTY ? null : dimension}
            chosen={values}
            choose={setValues}
          />
        ) : (
          <Texts
            label={operator.startsWith('matches') ? 'Pattern' : 'Text'}
            hint={operator.startsWith('matches') ? 'A regular expression, such as ^/blog/' : undefined}
            texts={texts}
            set={setTexts}
          />
        )}
        <footer>
          <button type="submit" disabled={!isComplete}>
            {isNew ? 'Add filter' : 'Apply'}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

interface DimensionChoiceProps {
  readonly base: Base;
  readonly timezone: string;
  readonly value: string;
  readonly set: (dimension: string) => void;
}

/** All dimensions, and the custom properties of the period. */
function DimensionChoice({ base, timezone, value, set }: DimensionChoiceProps) {
  const [from, to] = daysOf(base.date_range, timezone);
  const path = `/api/v1/pixels/${base.site_id}/properties?from=${from}&to=${to}`;
  const keys = useGet<{ properties: { key: string }[] }>(path);
  const known = keys.data?.properties.map((one) => PROPERTY + one.key) ?? [];
  const own = value.startsWith(PROPERTY) && value !== PROPERTY ? [value] : [];
  const properties = [...new Set([...own, ...known])];
  return (
    <Field label="Property">
      {(props) => (
        <select {...props} autofocus value={value} onChange={(event) => set(event.currentTarget.value)}>
          {FILTER_GROUPS.map(([group, names]) => (
            <optgroup key={group} label={group}>
              {names.map((name) => (
                <option key={name} value={name}>
                  {dimensionName(name)}
                </option>
              ))}
            </optgroup>
          ))}
          <optgroup label="Custom properties">
            {properties.map((name) => (
              <option key={name} value={name}>
                {dimensionName(name)}
              </option>
            ))}
            <option value={PROPERTY}>Another property…</option>
          </optgroup>
        </select>
      )}
    </Field>
  );
}

interface TextsProps {
  readonly label: string;
  readonly hint: string | undefined;
  readonly texts: readonly string[];
  readonly set: (texts: readonly string[]) => void;
}

/** Texts of which one must match. */
function Texts({ label, hint, texts, set }: TextsProps) {
  return (
    <>
      {texts.map((text, index) => (
        <Input
          key={index}
          label={index === 0 ? label : `or ${label.toLowerCase()}`}
          hint={index === 0 ? hint : undefined}
          value={text}
          required={index === 0}
          autocomplete="off"
          set={(value) => set(texts.map((one, at) => (at === index ? value : one)))}
        />
      ))}
      <p>
        <button type="button" class="quiet" onClick={() => set([...texts, ''])}>
          + Or another {label.toLowerCase()}
        </button>
      </p>
    </>
  );
}

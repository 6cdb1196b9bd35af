/** The recipes of the Install view, one tab for each system. */
import { useState } from 'preact/hooks';
import { CodeBlock } from './code-block.tsx';
import { type Recipe, recipesOf, type Subject } from './recipes.ts';
import { Tabs } from './ui.tsx';

export default function Recipes(subject: Subject) {
  const recipes = recipesOf(subject);
  const [selected, select] = useState(recipes[0]?.name ?? '');
  const recipe = recipes.find(({ name }) => name === selected);
  return (
    <section class="recipes" aria-label="Step by step">
      <h2>Step by step</h2>
      <Tabs
        label="System"
        tabs={recipes.map(({ name }) => ({ name, label: name }))}
        selected={selected}
        select={select}
      />
      {recipe && <Steps key={recipe.name} recipe={recipe} />}
    </section>
  );
}

function Steps({ recipe: { steps, note, codes } }: { readonly recipe: Recipe }) {
  return (
    <div class="show">
      <ol>
        {steps.map((step) => (
          <li key={step}>
            <WithCode text={step} />
          </li>
        ))}
      </ol>
      {codes.map(({ title, text }) => (
        <CodeBlock key={title} title={title} text={text} />
      ))}
      <p class="muted">
        <WithCode text={note} />
      </p>
    </div>
  );
}

/** Text in which backticks enclose code. */
function WithCode({ text }: { readonly text: string }) {
  return (
    <>{text.split('`').map((part, index) => (index % 2 === 1 ? <code key={part}>{part}</code> : part))}</>
  );
}

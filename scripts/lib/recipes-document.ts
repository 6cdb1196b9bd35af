/** The recipes and the snippets for conversions of the Install view as sections of docs/tag.md. A test holds the document to them. */
import { installSnippets } from '../../src/api/install.ts';
import { recipesOf } from '../../src/dashboard/recipes.ts';
import { besideMeta, withRelay } from '../../src/dashboard/relay-snippet.ts';
import { withSection, wrapped } from './marked-section.ts';

const html = (code: string): string => `\`\`\`html\n${code}\n\`\`\``;

const ORIGIN = 'https://px.example.com';
const PIXEL = 'px_…';

/** A document with the recipes and snippets between their markers. The plain snippet is left out: the document contains it already. */
export function withRecipes(document: string): string {
  const install = installSnippets(PIXEL, ORIGIN);
  const recipes = recipesOf({ pixel: PIXEL, install, isLocal: false, isRelayed: false });
  const sections = recipes.map(({ name, steps, note, codes }) =>
    [
      `#### ${name}`,
      steps.map((step, index) => wrapped(`${index + 1}. ${step}`, '   ')).join('\n'),
      ...codes
        .filter(({ text }) => text !== install.script)
        .map(({ title, language, text }) => `${title}:\n\n\`\`\`${language}\n${text}\n\`\`\``),
      wrapped(note),
    ].join('\n\n'),
  );
  return [
    ['recipes', sections.join('\n\n')] as const,
    ['relay snippet', html(withRelay(install).script)] as const,
    ['meta relay snippet', html(besideMeta(install))] as const,
  ].reduce((text, [name, section]) => withSection(text, name, section), document);
}

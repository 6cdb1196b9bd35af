/** What to change in other tools' clients, as a section of docs/migrate.md. A test holds the document to it. */
import { toolGuides } from '../../src/dashboard/tools.ts';
import { withSection, wrapped } from './marked-section.ts';

export function withTools(document: string): string {
  const guides = toolGuides({ pixel: 'px_…', origin: 'https://px.example.com', site: 'example.com' });
  const sections = guides.map(({ label, nameLabel, nameHint, changes, note }) =>
    [
      `### Lines for ${label}`,
      ...changes.map(({ title, text }) => `${title}:\n\n\`\`\`\n${text}\n\`\`\``),
      wrapped(`What the client calls the site is its **${nameLabel}**. ${nameHint} ${note}`),
    ].join('\n\n'),
  );
  return withSection(document, 'tools', sections.join('\n\n'));
}

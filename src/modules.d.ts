/** The built scripts of the browser tag, as texts. */
declare module '*.min.js' {
  const text: string;
  export default text;
}

/** The built OpenAPI document, as text. */
declare module '*.json.txt' {
  const text: string;
  export default text;
}

/** A part of a page, as text. */
declare module '*.html' {
  const text: string;
  export default text;
}

/** The built dashboard's page, as text. */
declare module '*.html.txt' {
  const text: string;
  export default text;
}

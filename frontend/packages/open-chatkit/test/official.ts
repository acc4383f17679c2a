/**
 * The keys of the official options, methods, events, widgets and locales, read from the types with
 * TypeScript's compiler. A new key in a new version of `@openai/chatkit` fails the tests.
 */

import { fileURLToPath } from "node:url";
import ts from "typescript";

const options: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
  strict: true,
};

const here = fileURLToPath(import.meta.url);
const file = ts.resolveModuleName("@openai/chatkit", here, options, ts.sys).resolvedModule
  ?.resolvedFileName;
if (!file) throw new Error("@openai/chatkit isn't installed");
const program = ts.createProgram([file], options);
const checker = program.getTypeChecker();

function exported(from: string, name: string): ts.Type {
  const source = program.getSourceFile(from);
  const module = source && checker.getSymbolAtLocation(source);
  const found = module && checker.getExportsOfModule(module).find((one) => one.name === name);
  if (!found) throw new Error(`${from} exports no ${name}`);
  return checker.getDeclaredTypeOfSymbol(found);
}

const chatkit = (name: string): ts.Type => exported(file, name);
const widget = (name: string): ts.Type => exported(file.replace("index.d", "widgets.d"), name);

function members(type: ts.Type): readonly ts.Type[] {
  return type.isUnion() ? type.types : [type];
}

function literals(type: ts.Type): string[] {
  return members(type).flatMap((one) => (one.isStringLiteral() ? [one.value] : []));
}

/** Returns the keys of a type's objects: nested keys with dots, those of list entries with `[]`. */
function paths(type: ts.Type, at: string): string[] {
  return members(type).flatMap((one) => {
    if (!(one.flags & ts.TypeFlags.Object) || one.getCallSignatures().length > 0) return [];
    const element = checker.isArrayType(one)
      ? checker.getTypeArguments(one as ts.TypeReference)[0]
      : null;
    if (element) return paths(element, `${at}[]`);
    return one.getProperties().flatMap((property) => {
      const path = at === "" ? property.name : `${at}.${property.name}`;
      return [path, ...paths(checker.getTypeOfSymbol(property), path)];
    });
  });
}

const unique = (names: readonly string[]): string[] => [...new Set(names)].sort();

/** Returns paths such as `composer.tools[].id`. */
export const officialOptions = (): string[] => unique(paths(chatkit("ChatKitOptions"), ""));

/** Returns methods such as `sendUserMessage`, and their argument's keys: `sendUserMessage.text`. */
export function officialMethods(): string[] {
  const element = checker.getPropertiesOfType(chatkit("OpenAIChatKit"));
  const own = element.filter((method) =>
    method.declarations?.some((declaration) => declaration.getSourceFile().fileName === file),
  );
  return unique(
    own.flatMap((method) => {
      if (/EventListener$/u.test(method.name)) return [];
      const [signature] = checker.getTypeOfSymbol(method).getCallSignatures();
      const [first] = method.name === "setOptions" ? [] : (signature?.getParameters() ?? []);
      const inside = first ? checker.getTypeOfSymbol(first).getProperties() : [];
      const isObject = first && checker.getTypeOfSymbol(first).flags & ts.TypeFlags.Object;
      return [method.name, ...(isObject ? inside : []).map((one) => `${method.name}.${one.name}`)];
    }),
  );
}

export const officialEvents = (): string[] =>
  unique(
    chatkit("ChatKitEvents")
      .getProperties()
      .map((event) => event.name),
  );

/** Returns the properties of the widget components by `type`. */
export function officialWidgets(): Map<string, string[]> {
  const all = [...members(widget("WidgetRoot")), ...members(widget("WidgetComponent"))];
  const found = new Map<string, string[]>();
  for (const one of [...all, widget("ListViewItem")]) {
    const names = checker.getPropertiesOfType(one).map((property) => property.name);
    const type = one.getProperty("type");
    const [name] = type ? literals(checker.getTypeOfSymbol(type)) : [];
    if (!name) throw new Error(`a widget without a type: ${names.join(", ")}`);
    found.set(name, unique(names.filter((each) => each !== "type")));
  }
  return found;
}

export const officialLocales = (): string[] => unique(literals(chatkit("SupportedLocale")));

export const officialIcons = (): string[] =>
  unique([chatkit("ChatKitIcon"), chatkit("HeaderIcon"), widget("WidgetIcon")].flatMap(literals));

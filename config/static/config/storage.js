// A browser that keeps nothing for a page in somebody else's frame refuses at the first look at its storage, and the
// admin's scripts end there: no menu, no search. Then storage is what lasts as long as the page.
"use strict";

for (const name of ["localStorage", "sessionStorage"]) {
  try {
    window[name].getItem("");
  } catch {
    const kept = new Map();
    const stand_in = {
      getItem: (key) => kept.get(String(key)) ?? null,
      setItem: (key, value) => void kept.set(String(key), String(value)),
      removeItem: (key) => void kept.delete(String(key)),
      clear: () => kept.clear(),
    };
    Object.defineProperty(window, name, { value: stand_in });
  }
}

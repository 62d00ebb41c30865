"use strict";

/** What the report shows. */
const data = JSON.parse(document.getElementById("data").textContent, (key, value) =>
  key === "name" ? value.replaceAll("->", "\u2192") : value,
);

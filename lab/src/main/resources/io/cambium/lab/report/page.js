/** Puts the page together. */

function facts() {
  byId("facts").append(
    ...Object.entries(data.facts).map(([label, value]) =>
      element("div", {}, element("dt", {}, label), element("dd", {}, value)),
    ),
  );
  byId("configurations").append(
    ...data.curves.map((arm) =>
      element(
        "details",
        {},
        element("summary", {}, `${arm.name}: run.yaml`),
        element("pre", { tabindex: "0" }, arm.configuration),
      ),
    ),
  );
}

results();
losses();
domains();
if (data.experts.length > 0) {
  experts();
  lineages();
} else {
  for (const name of ["experts", "lineages"]) {
    byId(name).remove();
    document.querySelector(`nav a[href='#${name}']`).remove();
  }
}
facts();

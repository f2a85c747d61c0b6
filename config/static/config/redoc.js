"use strict";

const place = document.getElementById("redoc");
Redoc.init(
  place.dataset.schemaUrl,
  {
    nonce: place.dataset.nonce,
    theme: {
      typography: { fontFamily: "sans-serif", headings: { fontFamily: "sans-serif" } },
    },
  },
  place,
);

// The badge of a validator elsewhere is off: this page talks to its own server alone.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  validatorUrl: null,
});

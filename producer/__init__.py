"""Volley's producer side: what any service imports to hand campaigns to Volley over Redis."""

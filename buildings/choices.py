"""Closed vocabularies of the benchmarking data, each in one place. No Django.

Sources: the city's data dictionary (Building Energy Benchmarking, data.seattle.gov), the 13
districts of its Department of Neighborhoods, and the property types of ENERGY STAR Portfolio
Manager. `mlmodel.features` keeps the shorter lists that its stored signature names.
"""

import re
from typing import Final

BUILDING_TYPES: Final = (
    "Campus",
    "Multifamily HR (10+)",
    "Multifamily LR (1-4)",
    "Multifamily MR (5-9)",
    "NonResidential",
    "Nonresidential COS",
    "Nonresidential WA",
    "SPS-District K-12",
)

NEIGHBORHOODS: Final = (
    "BALLARD",
    "CENTRAL",
    "DELRIDGE",
    "DOWNTOWN",
    "EAST",
    "GREATER DUWAMISH",
    "LAKE UNION",
    "MAGNOLIA / QUEEN ANNE",
    "NORTH",
    "NORTHEAST",
    "NORTHWEST",
    "SOUTHEAST",
    "SOUTHWEST",
)
#: From 2018 on, a building on a border is in two districts: `SHARED: CENTRAL & EAST`.
SHARED_PREFIX: Final = "SHARED: "
_DISTRICTS = "|".join(re.escape(name) for name in NEIGHBORHOODS).replace(r"\ ", " ")
_SHARED = f"{SHARED_PREFIX}({_DISTRICTS}) & ({_DISTRICTS})"
SHARED_PATTERN: Final = f"^{_SHARED}$"
#: What the column `neighborhood` may hold; for Python and PostgreSQL alike.
NEIGHBORHOOD_PATTERN: Final = f"^(({_DISTRICTS})|{_SHARED})?$"

#: The city's grouping of properties, in its words of 2016.
PRIMARY_PROPERTY_TYPES: Final = (
    "Distribution Center",
    "High-Rise Multifamily",
    "Hospital",
    "Hotel",
    "K-12 School",
    "Laboratory",
    "Large Office",
    "Low-Rise Multifamily",
    "Medical Office",
    "Mid-Rise Multifamily",
    "Mixed Use Property",
    "Other",
    "Refrigerated Warehouse",
    "Residence Hall",
    "Restaurant",
    "Retail Store",
    "Self-Storage Facility",
    "Senior Care Community",
    "Small- and Mid-Sized Office",
    "Supermarket / Grocery Store",
    "University",
    "Warehouse",
    "Worship Facility",
)

#: Property uses as Portfolio Manager names them.
PROPERTY_USE_TYPES: Final = (
    "Adult Education",
    "Ambulatory Surgical Center",
    "Aquarium",
    "Automobile Dealership",
    "Bank Branch",
    "Bar/Nightclub",
    "Barracks",
    "Bowling Alley",
    "Casino",
    "College/University",
    "Convenience Store with Gas Station",
    "Convenience Store without Gas Station",
    "Convention Center",
    "Courthouse",
    "Data Center",
    "Distribution Center",
    "Drinking Water Treatment & Distribution",
    "Electric Vehicle Charging Station",
    "Enclosed Mall",
    "Energy/Power Station",
    "Fast Food Restaurant",
    "Financial Office",
    "Fire Station",
    "Fitness Center/Health Club/Gym",
    "Food Sales",
    "Food Service",
    "Hospital (General Medical & Surgical)",
    "Hotel",
    "Ice/Curling Rink",
    "Indoor Arena",
    "K-12 School",
    "Laboratory",
    "Library",
    "Lifestyle Center",
    "Mailing Center/Post Office",
    "Manufacturing/Industrial Plant",
    "Medical Office",
    "Mixed Use Property",
    "Movie Theater",
    "Multifamily Housing",
    "Museum",
    "Non-Refrigerated Warehouse",
    "Office",
    "Other",
    "Other - Education",
    "Other - Entertainment/Public Assembly",
    "Other - Lodging/Residential",
    "Other - Mall",
    "Other - Public Services",
    "Other - Recreation",
    "Other - Restaurant/Bar",
    "Other - Services",
    "Other - Stadium",
    "Other - Technology/Science",
    "Other - Utility",
    "Other/Specialty Hospital",
    "Outpatient Rehabilitation/Physical Therapy",
    "Parking",
    "Performing Arts",
    "Personal Services (Health/Beauty, Dry Cleaning, etc)",
    "Police Station",
    "Pre-school/Daycare",
    "Prison/Incarceration",
    "Race Track",
    "Refrigerated Warehouse",
    "Repair Services (Vehicle, Shoe, Locksmith, etc)",
    "Residence Hall/Dormitory",
    "Residential Care Facility",
    "Restaurant",
    "Retail Store",
    "Roller Rink",
    "Self-Storage Facility",
    "Senior Care Community",
    "Senior Living Community",
    "Single Family Home",
    "Social/Meeting Hall",
    "Stadium (Closed)",
    "Stadium (Open)",
    "Strip Mall",
    "Supermarket/Grocery Store",
    "Swimming Pool",
    "Transportation Terminal/Station",
    "Urgent Care/Clinic/Other Outpatient",
    "Veterinary Office",
    "Vocational School",
    "Wastewater Treatment Plant",
    "Wholesale Club/Supercenter",
    "Worship Facility",
    "Zoo",
)

OUTLIERS: Final = ("High outlier", "Low outlier")

#: Fuels that have an emission factor.
FUELS: Final = ("electricity", "natural_gas", "steam")

"""Files and names of earlier versions, which this version must still understand."""
